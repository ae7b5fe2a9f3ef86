import { expect } from "chai";
import { StagedFileJob } from "../../../lib/archive/file/staged-job.js";
import { WritingThread } from "../../../lib/archive/file/writing-thread.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import { useChildren } from "../../support/child.js";
import { testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { filesBelow, testArchive } from "./archives.js";

/** Stores a job, says so, and has nothing more to do: its archive stays open. */
const CHILD = `
	const [, module, path, job] = process.argv;
	const { openArchive } = await import(module);
	const archive = await openArchive(path);
	const staged = await archive.stage(JSON.parse(job));
	await staged.append(Buffer.alloc(100_000));
	await staged.seal("columnar", JSON.parse(job));
	console.log(JSON.stringify(await archive.commit([staged])));
`;

describe("a file archive's writing thread", () => {
	const folder = useTempFolder();
	const startChild = useChildren();

	it("gives back the buffers that it is given, of small jobs and large ones", async () => {
		const archive = await testArchive(folder());
		const staged = await archive.stage(testJob());
		const sizes = [10, 16_000, 10_000, 300_000, 5];
		for (const [i, size] of sizes.entries()) {
			const bytes = new Uint8Array(new ArrayBuffer(size + 8), 4, size).fill(i);
			const buffer = await staged.give(bytes);
			expect(buffer.byteLength).to.equal(size + 8);
			new Uint8Array(buffer).fill(99);
		}
		await staged.seal("columnar", testJob());
		expect(staged.dataBytes).to.equal(326_015);
		expect(await archive.commit([staged])).to.deep.equal([undefined]);
		const { bytes } = await archive.loadStoredData(testJob());
		expect(Buffer.from(bytes)).to.deep.equal(
			Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i))),
		);
		await archive.close();
	});

	it("does not keep a process alive that has nothing to do", async () => {
		await (await testArchive(folder())).close();
		const module = new URL("../../../lib/archive/open.js", import.meta.url);
		const child = startChild({ text: CHILD }, [
			module.href,
			folder(),
			JSON.stringify(testJob()),
		]);
		expect(await child.line()).to.equal("[null]");
		expect(await child.ended).to.equal(0);
		const archive = await openArchive(folder());
		expect(await archive.exists(testJob())).to.equal(true);
		await archive.close();
	});

	it("that dies fails what it was asked for, and what it had staged; the next one goes on", async () => {
		await (await testArchive(folder())).close();
		const entry = new URL("./dying-writer.js", import.meta.url);
		const thread = new WritingThread(
			{ root: folder(), sync: true, nice: 0 },
			entry,
		);
		const stage = (jobId: number) =>
			new StagedFileJob(thread, folder(), testJob({ jobId }));
		const [before, open, after] = [stage(1), stage(2), stage(3)];
		await before.seal("columnar", testJob({ jobId: 1 }));
		await open.append(new Uint8Array(100_000));
		const errors = await Promise.all([
			rejected(thread.remove(testJob({ jobId: 9 }))),
			rejected(open.append(new Uint8Array(100_000))),
		]);
		for (const { code, message, details } of errors) {
			expect(code).to.equal("ARCHIVE_WRITE_FAILED");
			expect(message).to.include("ended");
			expect(details.path).to.equal(folder());
		}
		await after.seal("columnar", testJob({ jobId: 3 }));
		const [lost, kept] = await thread.commit([before.take(), after.take()]);
		expect(lost?.code).to.equal("ARCHIVE_WRITE_FAILED");
		expect(lost?.message).to.include("ended");
		expect(kept).to.equal(undefined);
		expect(
			(await filesBelow(folder())).filter((path) => path.endsWith("meta.json")),
		).to.deep.equal([`${jobFolder(testJob({ jobId: 3 }))}/meta.json`]);
		await thread.close();
		const late = await rejected(thread.discard(7));
		expect(late.code).to.equal("INVALID_INPUT");
	});
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../../lib/archive/open.js";
import { testJob } from "../../support/jobs.js";
import { useTempFolder } from "../../support/temp-folder.js";
import { expectNoTemporaries, testArchive } from "./archives.js";

/** Stages a job and waits to be killed. */
const CHILD = `
	const [module, path, key] = process.argv.slice(1);
	const { openArchive } = await import(module);
	const archive = await openArchive(path);
	const staged = await archive.stage(JSON.parse(key));
	await staged.append(Buffer.alloc(1000));
	process.stdout.write("staged");
	setInterval(() => {}, 1000);
`;

describe("leftovers of a crash", () => {
	const folder = useTempFolder();
	let child: ChildProcess | undefined;

	afterEach(() => child?.kill("SIGKILL"));

	it("are removed at the next start, and not while their process lives", async () => {
		await testArchive(folder());
		const module = new URL("../../../lib/archive/open.js", import.meta.url)
			.href;
		const { cluster, jobId, startTime } = testJob();
		const key = JSON.stringify({ cluster, jobId, startTime });
		child = spawn(
			process.execPath,
			["--input-type=module", "-e", CHILD, module, folder(), key],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		if (child.stdout === null) throw new Error("no standard output");
		await once(child.stdout, "data");
		const temporaries = async () =>
			(await readdir(folder())).filter((name) => name.startsWith(".tmp-"));
		await openArchive(folder());
		expect(await temporaries()).to.have.length(1);
		child.kill("SIGKILL");
		await once(child, "exit");
		await openArchive(folder(), { readOnly: true });
		expect(await temporaries()).to.have.length(1);
		await openArchive(folder());
		await expectNoTemporaries(folder());
	});

	it("of another host, or with names of another kind, stay", async () => {
		await testArchive(folder());
		const foreign = [
			".tmp-999999999-1-0-ab-0@elsewhere",
			".tmp-mine",
			".tmp-1-2@x",
		];
		for (const name of foreign) await writeFile(join(folder(), name), "");
		await openArchive(folder());
		expect(await readdir(folder())).to.include.members(foreign);
	});

	it("of an earlier process with the same number go, and those of this one stay", async () => {
		const archive = await testArchive(folder());
		const mine = await archive.stage(testJob());
		const earlier = `.tmp-${process.pid}-1000-0-ab-0@${hostname()}`;
		await writeFile(join(folder(), earlier), "");
		await openArchive(folder());
		expect(await readdir(folder())).not.to.include(earlier);
		await mine.seal("columnar", testJob());
		expect(await archive.commit([mine])).to.deep.equal([undefined]);
		await archive.close();
	});
});

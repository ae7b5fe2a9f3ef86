import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { dataFactsOf, withDataFacts } from "../../../lib/archive/data-facts.js";
import { LOCK_FILE } from "../../../lib/archive/lock-holder.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { DataFormat } from "../../../lib/codec/column.js";
import { dataIdOf } from "../../../lib/codec/data-id.js";
import { useChildren } from "../../support/child.js";
import { testJob } from "../../support/jobs.js";
import { scriptedFileSystem } from "../../support/scripted-file-system.js";
import { useTempFolder } from "../../support/temp-folder.js";
import {
	expectNoTemporaries,
	jobFiles,
	testArchive,
	testData,
} from "./archives.js";

/** Stages a job and waits to be killed. */
const CHILD = `
	const [, module, path, key] = process.argv;
	const { openArchive } = await import(module);
	const archive = await openArchive(path);
	const staged = await archive.stage(JSON.parse(key));
	await staged.append(Buffer.alloc(100_000));
	console.log("staged");
	setInterval(() => {}, 1000);
`;

describe("leftovers of a crash", () => {
	const folder = useTempFolder();
	const startChild = useChildren();
	const temporaries = async () =>
		(await readdir(folder())).filter((name) => name.startsWith(".tmp-"));

	it("are removed at the next start, and not by a reader", async () => {
		await (await testArchive(folder())).close();
		const module = new URL("../../../lib/archive/open.js", import.meta.url);
		const { cluster, jobId, startTime } = testJob();
		const key = JSON.stringify({ cluster, jobId, startTime });
		const child = startChild({ text: CHILD }, [module.href, folder(), key]);
		expect(await child.line()).to.equal("staged");
		await child.kill();
		await openArchive(folder(), { readOnly: true });
		expect(await temporaries()).to.have.length(1);
		await (await openArchive(folder())).close();
		await expectNoTemporaries(folder());
	});

	const replacements: [DataFormat | undefined, DataFormat][] = [
		[undefined, "columnar"],
		["columnar", "columnar"],
		["json", "columnar"],
		["columnar", "json"],
		["json", "json"],
	];
	for (const [before, after] of replacements) {
		it(`at any call: the next start finds ${before ? `the old ${before}` : "no"} job or the new ${after} one, whole`, async () => {
			const path = join(folder(), "archive");
			if (before !== undefined) {
				const archive = await testArchive(path, { format: before });
				await archive.importJob(jobOf("old"), testData(1));
				await archive.close();
			}
			let armed = false;
			const crashes: string[] = [];
			const fileSystem = scriptedFileSystem(({ name }) => {
				if (
					armed &&
					(name === "rename" || name === "link" || name === "unlink")
				) {
					crashes.push(join(folder(), `${crashes.length}`));
					copyAsCrashed(path, crashes[crashes.length - 1]);
				}
				return undefined;
			});
			const archive = await testArchive(path, { format: after, fileSystem });
			armed = true;
			await archive.importJob(jobOf("new"), testData(2));
			armed = false;
			await archive.close();
			const found = [];
			for (const crashed of crashes) found.push(await versionAt(crashed));
			const old = before && `old ${before}`;
			const turn = found.indexOf(`new ${after}`);
			expect(turn, found.join()).to.be.above(0);
			expect(found.slice(0, turn)).to.deep.equal(Array(turn).fill(old));
			expect(found.slice(turn)).to.deep.equal(
				Array(found.length - turn).fill(`new ${after}`),
			);
		});
	}

	it("are not what another archive of the same process is writing", async () => {
		const archive = await testArchive(folder());
		const mine = await archive.stage(testJob());
		await (await openArchive(folder())).close();
		await mine.seal("columnar", testJob());
		expect(await archive.commit([mine])).to.deep.equal([undefined]);
		await archive.close();
	});

	it("are not files that others gave a similar name", async () => {
		const foreign = [".tmp-mine", ".tmp-1-2@x", "hpc-job-archiver.lockdown"];
		await (await testArchive(folder())).close();
		for (const name of foreign) await writeFile(join(folder(), name), "");
		await (await openArchive(folder())).close();
		expect(await readdir(folder())).to.include.members(foreign);
	});
});

function jobOf(project: string) {
	const facts = { format: "json", dataId: "", series: 0, samples: 0 } as const;
	return withDataFacts(testJob({ project }), facts);
}

/** Copies an archive as it would be found if its process had died just now. */
function copyAsCrashed(from: string, to: string): void {
	cpSync(from, to, { recursive: true });
	const lock = join(to, LOCK_FILE);
	const holder = JSON.parse(readFileSync(lock, "utf8"));
	writeFileSync(lock, JSON.stringify({ ...holder, processStart: "1" }));
}

/** Which version of the job an archive holds once it has been opened: one with a single data file, and its meta. */
async function versionAt(path: string): Promise<string | undefined> {
	const archive = await openArchive(path, { fsync: false });
	await expectNoTemporaries(path);
	try {
		if (!(await archive.exists(testJob()))) return undefined;
		expect(await jobFiles(path, testJob())).to.have.length(2);
		const job = await archive.loadJobMeta(testJob());
		const { bytes, encoding } = await archive.loadStoredData(testJob());
		expect(dataIdOf(bytes, encoding)).to.equal(dataFactsOf(job)?.dataId);
		return `${job.project} ${encoding === "columnar" ? "columnar" : "json"}`;
	} finally {
		await archive.close();
	}
}

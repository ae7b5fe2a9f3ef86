import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import type { StagedJob } from "../../../lib/archive/archive.js";
import type { FileArchive } from "../../../lib/archive/file/file-archive.js";
import { jobFolder } from "../../../lib/archive/layout.js";
import { openArchive } from "../../../lib/archive/open.js";
import type { DataFormat } from "../../../lib/codec/column.js";
import {
	encodePart,
	encodeTail,
	fileHeader,
} from "../../../lib/codec/columnar/index.js";
import { columnsOf } from "../../../lib/codec/job-data.js";
import { encodeJson } from "../../../lib/codec/json/index.js";
import { type ArchiverError, toArchiverError } from "../../../lib/errors.js";
import type { Job } from "../../../lib/schema/job.js";
import { testCluster, testJob } from "../../support/jobs.js";
import { rejected } from "../../support/rejected.js";
import {
	type Fault,
	type FileCall,
	type ScriptedFileSystem,
	scriptedFileSystem,
} from "../../support/scripted-file-system.js";
import { useTempFolder } from "../../support/temp-folder.js";
import {
	exactly,
	expectNoTemporaries,
	filesBelow,
	jobFiles,
	testArchive,
	testData,
} from "./archives.js";

/** A job in the archive (or not yet), and what takes its place. */
interface Change {
	job: Job;
	before?: DataFormat;
	after: DataFormat;
}

const CHANGES: Change[] = [
	{ job: testJob({ jobId: 1001 }), before: "json", after: "columnar" },
	{ job: testJob({ jobId: 2001 }), after: "columnar" },
	{ job: testJob({ jobId: 1002 }), before: "json", after: "json" },
];
const TRIES_AT_ONCE = 8;
/** Enough for more than 2,000 bytes of JSON. */
const SAMPLES = 100;
/** Data of the old version and of the new one. */
const VERSIONS = [encode(0), encode(1)];
const OLD_TAG = { type: "user", name: "look", scope: "global" };

describe("a file system that fails", () => {
	const folder = useTempFolder();

	const faults: [string, Fault, (call: FileCall) => boolean][] = [
		["a call fails with EIO", { code: "EIO" }, () => true],
		// The one code that also says that a file system has no hard links.
		["a call fails with EPERM", { code: "EPERM" }, () => true],
		["a write is short", "short write", ({ name }) => name === "file.write"],
	];
	for (const [name, fault, concerns] of faults) {
		it(`leaves every job old or new and says which, whenever ${name}`, async function () {
			this.timeout(60_000);
			await writeOldVersions(join(folder(), "old"));
			for (let first = 0, clean = false; !clean; first += TRIES_AT_ONCE) {
				const tries = Array.from({ length: TRIES_AT_ONCE }, (_, i) =>
					tryWithFault(folder(), fault, concerns, first + i),
				);
				clean = (await Promise.all(tries)).includes(true);
			}
		});
	}

	it("while an archive is made: the next attempt makes it", async () => {
		for (let n = 0, clean = false; !clean; n++) {
			const path = join(folder(), "new", `${n}`);
			const fileSystem = scriptedFileSystem((_, index) =>
				index === n ? { code: "EIO" } : undefined,
			);
			const error = await openArchive(path, {
				fileSystem,
				format: "json",
			}).then(
				async (archive) => {
					await archive.close();
					return undefined;
				},
				(error) => toArchiverError(error, "INVALID_INPUT"),
			);
			clean = fileSystem.calls.length <= n;
			if (!clean && error !== undefined)
				expect(error.code).to.be.oneOf([
					"ARCHIVE_WRITE_FAILED",
					"ARCHIVE_UNREADABLE",
				]);
			expect(fileSystem.openFiles).to.equal(0);
			const archive = await openArchive(path, { format: "json" });
			await archive.close();
			expect(await filesBelow(path)).to.deep.equal([
				"hpc-job-archiver.json",
				"version.txt",
			]);
		}
	});

	it("while a new cluster's configuration is stored: leaves no folder without one", async () => {
		for (let n = 0, clean = false; !clean; n++) {
			const path = join(folder(), "cluster", `${n}`);
			let callsLeft = Number.POSITIVE_INFINITY;
			const fileSystem = scriptedFileSystem(() =>
				callsLeft-- === 0 ? { code: "EIO" } : undefined,
			);
			const archive = await openArchive(path, { fileSystem });
			callsLeft = n;
			await archive
				.storeClusterConfig("testcluster", testCluster())
				.catch((error) => expect(error.code).to.equal("ARCHIVE_WRITE_FAILED"));
			await archive.close();
			clean = callsLeft >= 0;
			const isStored = existsSync(join(path, "testcluster", "cluster.json"));
			expect(existsSync(join(path, "testcluster"))).to.equal(isStored);
			await expectNoTemporaries(path);
			if (clean) expect(isStored).to.equal(true);
		}
	});

	it("says what it means: full, read-only or failed, with path and job", async () => {
		for (const [code, expected] of [
			["ENOSPC", "ARCHIVE_FULL"],
			["EDQUOT", "ARCHIVE_FULL"],
			["EROFS", "ARCHIVE_READ_ONLY"],
			["EACCES", "ARCHIVE_READ_ONLY"],
			["EPERM", "ARCHIVE_READ_ONLY"],
			["EIO", "ARCHIVE_WRITE_FAILED"],
			["EMFILE", "ARCHIVE_WRITE_FAILED"],
		]) {
			for (const call of ["open", "file.write", "rename"]) {
				let armed = false;
				const fileSystem = scriptedFileSystem(({ name }) =>
					armed && name === call ? { code } : undefined,
				);
				const archive = await testArchive(folder(), { fileSystem });
				armed = true;
				const error = await rejected(archive.importJob(testJob(), testData(1)));
				expect(error.code, `${code} ${call}`).to.equal(expected);
				expect(error.details).to.include({
					cluster: "testcluster",
					jobId: 1001,
				});
				expect(error.details.path).to.include(folder());
			}
		}
	});

	it("in a sync: the job fails, and the descriptor is not tried again", async () => {
		const job = testJob();
		await testArchive(folder());
		for (const part of ["data", "meta", "folder"]) {
			let syncs = 0;
			const failing = { data: 1, meta: 2, folder: 3 }[part];
			let armed = false;
			const fileSystem: ScriptedFileSystem = scriptedFileSystem(({ name }) =>
				armed && name === "file.sync" && ++syncs === failing
					? { code: "EIO" }
					: undefined,
			);
			const archive = await openArchive(folder(), { fileSystem });
			armed = true;
			const error = await rejected(archive.importJob(job, testData(1)));
			expect(error.code, part).to.equal("ARCHIVE_WRITE_FAILED");
			const synced = fileSystem.calls.filter(
				({ name }) => name === "file.sync",
			);
			expect(new Set(synced.map(({ path }) => path)).size, part).to.equal(
				synced.length,
			);
			expect(await archive.exists(job), part).to.equal(false);
			await archive.close();
			await expectNoTemporaries(folder());
		}
	});

	it("without hard links still replaces jobs", async () => {
		await writeOldVersions(folder());
		const fileSystem = scriptedFileSystem(({ name }) =>
			name === "link" ? { code: "ENOTSUP" } : undefined,
		);
		const archive = await openArchive(folder(), { fileSystem });
		const errors = await replaceAll(archive as FileArchive);
		await archive.close();
		expect(errors).to.deep.equal(CHANGES.map(() => undefined));
		await expectOldOrNew(folder(), errors, "without links");
	});
});

/**
 * Replaces jobs while call `n` of those concerned fails, and checks what is there then.
 *
 * @returns whether there were fewer calls.
 */
async function tryWithFault(
	folder: string,
	fault: Fault,
	concerns: (call: FileCall) => boolean,
	n: number,
): Promise<boolean> {
	const path = join(folder, `${n}`);
	await cp(join(folder, "old"), path, { recursive: true });
	let callsLeft = Number.POSITIVE_INFINITY;
	let failed: FileCall | undefined;
	const fileSystem = scriptedFileSystem((call) => {
		if (!concerns(call) || callsLeft-- !== 0) return undefined;
		failed = call;
		return fault;
	});
	const archive = await openArchive(path, { fileSystem });
	callsLeft = n;
	const errors = await replaceAll(archive as FileArchive);
	await archive.close();
	const message = `call ${n}, ${failed?.name} ${failed?.path}`;
	await expectOldOrNew(path, errors, message);
	expect(fileSystem.openFiles, message).to.equal(0);
	if (failed === undefined || fault === "short write")
		expect(errors, message).to.deep.equal(CHANGES.map(() => undefined));
	return failed === undefined;
}

async function writeOldVersions(path: string): Promise<void> {
	const archive = await testArchive(path);
	for (const { job, before } of CHANGES) {
		if (before === undefined) continue;
		const old = { ...job, project: "old", tags: [OLD_TAG] };
		const staged = await stage(archive, old, before, 0);
		expect(await archive.commit([staged])).to.deep.equal([undefined]);
	}
	await archive.close();
}

/** Stages all changes, and commits those that could be staged in one group. @returns why each failed, if it did. */
async function replaceAll(
	archive: FileArchive,
): Promise<(ArchiverError | undefined)[]> {
	const errors = new Map<Change, ArchiverError>();
	const staged = new Map<Change, StagedJob>();
	for (const change of CHANGES) {
		const job = { ...change.job, project: "new" };
		try {
			staged.set(change, await stage(archive, job, change.after, 1));
		} catch (error) {
			errors.set(change, toArchiverError(error, "INVALID_INPUT"));
		}
	}
	const results = await archive.commit([...staged.values()]);
	[...staged.keys()].forEach((change, i) => {
		const error = results[i];
		if (error !== undefined) errors.set(change, error);
	});
	return CHANGES.map((change) => errors.get(change));
}

async function stage(
	archive: FileArchive,
	job: Job,
	format: DataFormat,
	seed: number,
): Promise<StagedJob> {
	const staged = await archive.stage(job);
	await staged.append(VERSIONS[seed][format]);
	await staged.seal(format === "json" ? "json.gz" : "columnar", job);
	return staged;
}

function encode(seed: number): Record<DataFormat, Uint8Array> {
	const columns = columnsOf(testData(seed, SAMPLES));
	const header = fileHeader();
	const { frames, summary } = encodePart(columns, "fast");
	const part = { byteOffset: header.byteLength, summary };
	return {
		columnar: Buffer.concat([header, frames, encodeTail([part], {})]),
		json: encodeJson(columns).bytes,
	};
}

async function expectOldOrNew(
	path: string,
	errors: (ArchiverError | undefined)[],
	message: string,
): Promise<void> {
	await expectNoTemporaries(path);
	const archive = await openArchive(path);
	for (const [i, { job, before, after }] of CHANGES.entries()) {
		const error = errors[i];
		if (error !== undefined) {
			expect(error.details.jobId, message).to.equal(job.jobId);
			expect(error.details.path, message).to.be.a("string");
		}
		const files = await jobFiles(path, job);
		const format = error === undefined ? after : before;
		if (format === undefined) {
			// Not even an empty folder, in which ClusterCockpit would look for a job.
			const upper = join(path, dirname(dirname(jobFolder(job))));
			expect(existsSync(upper), message).to.equal(false);
			continue;
		}
		const dataName = format === "json" ? "data.json.gz" : "data.hjc";
		expect(files, message).to.deep.equal([dataName, "meta.json"]);
		const meta = await archive.loadJobMeta(job);
		const isNew = error === undefined;
		expect(meta.project, message).to.equal(isNew ? "new" : "old");
		expect(meta.tags, message).to.deep.equal(before ? [OLD_TAG] : []);
		expect(exactly(await archive.loadJobData(job)), message).to.deep.equal(
			exactly(testData(isNew ? 1 : 0, SAMPLES)),
		);
	}
}

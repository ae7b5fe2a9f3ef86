import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
	type Archive,
	Archiver,
	type DataFormat,
	formatJobKey,
	type Job,
	openArchive,
	SqliteJobRepository,
	verifyArchive,
	type WorkerPool,
} from "../../lib/index.js";
import { filesBelow } from "../archive/file/archives.js";
import type { useChildren } from "../support/child.js";
import { versionedSource, versionOf } from "../support/job-versions.js";
import { testCluster } from "../support/jobs.js";
import type { Death, MortalOptions } from "./death.js";

const MOST_JOBS = 10_000;
/** Beside its jobs' folders: marker, version and the cluster's configuration. */
const OTHER_FILES = 3;

export interface LifeParts {
	folder: string;
	format: DataFormat;
	pool: WorkerPool;
	startChild: ReturnType<typeof useChildren>;
}

/** What has been said of a job. */
interface Said {
	/** The latest version that was said to be archived; 0: none was. */
	archived: number;
	told: boolean;
}

/** One archive and its job database through several lives and deaths of archivers, and what these have said of jobs. */
export class Life {
	readonly #parts: LifeParts;
	readonly #said = new Map<number, Said>();
	/** Counts archivers: each gives jobs another version of their data. */
	#version = 0;

	constructor(parts: LifeParts) {
		this.#parts = parts;
	}

	async begin(): Promise<void> {
		const { folder, format } = this.#parts;
		await mkdir(folder, { recursive: true });
		const archive = await this.#openArchive();
		expect(archive.format).to.equal(format);
		await archive.storeClusterConfig("testcluster", testCluster());
		await archive.close();
	}

	/**
	 * Lets another process archive jobs, new ones and some again, until it dies of itself, or is killed so many
	 * milliseconds after it has archived the first.
	 */
	async runUntilKilled({
		death,
		afterMs,
	}: {
		death?: Death;
		afterMs?: number;
	}): Promise<void> {
		const { folder, format, startChild } = this.#parts;
		const version = ++this.#version;
		const firstJobId = Math.max(-1, ...this.#said.keys()) + 1;
		const options: MortalOptions = {
			folder,
			format,
			version,
			seed: version,
			firstJobId,
			death,
		};
		const program = new URL("./mortal-archiver.js", import.meta.url);
		const child = startChild(program, [JSON.stringify(options)]);
		for (let line = await child.line(); line !== undefined; ) {
			this.#hear(line, version);
			if (afterMs !== undefined && line.startsWith("archived")) {
				void sleep(afterMs).then(() => child.kill());
			}
			line = await child.line();
		}
		expect(await child.ended).to.equal("SIGKILL");
	}

	/** Starts an archiver that recovers, lets it finish, and checks that everything is as it should be then. */
	async recover(message: string): Promise<void> {
		const { folder, pool } = this.#parts;
		const version = ++this.#version;
		const archive = await this.#openArchive();
		const repository = await SqliteJobRepository.open(join(folder, "job.db"), {
			fsync: false,
		});
		const archiver = await Archiver.start({
			archive,
			repository,
			source: versionedSource(version),
			pool,
			env: {},
			hooks: [
				{ onJobStop: ({ jobId }) => this.#hear(`told ${jobId}`, version) },
			],
		});
		while (await hasPending(repository)) await sleep(5);
		await archiver.shutdown();
		try {
			await this.#check(archive, repository, message);
		} finally {
			await archive.close();
			await repository.close();
		}
		const files = await filesBelow(join(folder, "archive"));
		const jobs = await this.#said.size;
		expect(files, message).to.have.lengthOf(2 * jobs + OTHER_FILES);
	}

	async #check(
		archive: Archive,
		repository: SqliteJobRepository,
		message: string,
	): Promise<void> {
		const rows = await repository.findByTime({ limit: MOST_JOBS });
		for (const row of rows) {
			expect(row.monitoringStatus, `${message}, ${row.jobId}`).to.equal(3);
			const said = this.#saidOf(row.jobId);
			expect(said.told, `${message}, ${row.jobId} told`).to.equal(true);
			const version = await versionIn(archive, row);
			expect(version, `${message}, version of ${row.jobId}`).to.be.within(
				Math.max(1, said.archived),
				this.#version,
			);
		}
		const ids = rows.map(({ jobId }) => jobId);
		expect(ids, message).to.have.members([...this.#said.keys()]);
		expect((await archive.info()).jobs, message).to.equal(rows.length);
		const { pool } = this.#parts;
		const { jobs, faults } = await verifyArchive(archive, { pool });
		expect(faults, message).to.deep.equal([]);
		expect(jobs, message).to.equal(rows.length);
	}

	#hear(line: string, version: number): void {
		const [what, id] = line.split(" ");
		const said = this.#saidOf(Number(id));
		if (what === "archived") said.archived = version;
		if (what === "told") said.told = true;
	}

	#saidOf(jobId: number): Said {
		let said = this.#said.get(jobId);
		if (said === undefined) {
			said = { archived: 0, told: false };
			this.#said.set(jobId, said);
		}
		return said;
	}

	#openArchive(): Promise<Archive> {
		const { folder, format } = this.#parts;
		return openArchive(join(folder, "archive"), { format, fsync: false });
	}
}

async function hasPending(repository: SqliteJobRepository): Promise<boolean> {
	const [pending, untold] = await Promise.all([
		repository.findPending({ limit: 1 }),
		repository.findUntold({ limit: 1 }),
	]);
	return pending.length + untold.length > 0;
}

async function versionIn(archive: Archive, job: Job): Promise<number> {
	const data = await archive.loadJobData(job);
	const version = versionOf(job, data, archive.format);
	if (version === undefined)
		throw new Error(`the data of ${formatJobKey(job)} are of no version`);
	return version;
}

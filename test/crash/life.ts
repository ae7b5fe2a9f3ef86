import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
	type Archive,
	Archiver,
	type DataFormat,
	openArchive,
	SqliteJobRepository,
	type WorkerPool,
} from "../../lib/index.js";
import { filesBelow } from "../archive/file/archives.js";
import type { useChildren } from "../support/child.js";
import { versionedSource } from "../support/job-versions.js";
import { testCluster } from "../support/jobs.js";
import { until } from "../support/until.js";
import type { Death, MortalOptions } from "./death.js";
import { hasWork, JobLog } from "./job-log.js";

/** Beside its jobs' folders an archive has a marker, a version and the cluster's configuration. */
const OTHER_FILES = 3;

export interface LifeParts {
	folder: string;
	format: DataFormat;
	pool: WorkerPool;
	startChild: ReturnType<typeof useChildren>;
}

/** One archive and its job database through the lives and deaths of several archivers. */
export class Life {
	readonly #parts: LifeParts;
	readonly #log = new JobLog();
	/** Counts archivers: each gives jobs another version of their data. */
	#version = 0;

	constructor(parts: LifeParts) {
		this.#parts = parts;
	}

	async begin(): Promise<void> {
		await mkdir(this.#parts.folder, { recursive: true });
		const archive = await this.#openArchive();
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
		const options: MortalOptions = {
			folder,
			format,
			version,
			seed: version,
			firstJobId: this.#log.nextJobId,
			death,
		};
		const program = new URL("./mortal-archiver.js", import.meta.url);
		const child = startChild(program, [JSON.stringify(options)]);
		for (let line = await child.line(); line !== undefined; ) {
			const [what, id] = line.split(" ");
			this.#hear(what, Number(id));
			if (what === "archived" && afterMs !== undefined)
				void sleep(afterMs).then(() => child.kill());
			line = await child.line();
		}
		expect(await child.ended).to.equal("SIGKILL");
	}

	/** Starts an archiver that recovers, lets it finish, and checks that everything is as it should be then. */
	async recover(message: string): Promise<void> {
		const { folder, pool } = this.#parts;
		this.#version++;
		const archive = await this.#openArchive();
		const repository = await SqliteJobRepository.open(join(folder, "job.db"), {
			fsync: false,
		});
		const archiver = await Archiver.start({
			archive,
			repository,
			source: versionedSource(this.#version),
			pool,
			env: {},
			hooks: [{ onJobStop: ({ jobId }) => this.#hear("told", jobId) }],
		});
		await until(async () => !(await hasWork(repository)));
		await archiver.shutdown();
		const losses = await this.#log.losses(archive, repository, pool);
		await archive.close();
		await repository.close();
		expect(losses, message).to.deep.equal([]);
		const files = await filesBelow(join(folder, "archive"));
		expect(files, message).to.have.lengthOf(2 * this.#log.size + OTHER_FILES);
	}

	#hear(what: string, jobId: number): void {
		if (what === "archived") this.#log.archived(jobId, this.#version);
		else if (what === "told") this.#log.told(jobId);
		else this.#log.registered(jobId);
	}

	#openArchive(): Promise<Archive> {
		const { folder, format } = this.#parts;
		return openArchive(join(folder, "archive"), { format, fsync: false });
	}
}

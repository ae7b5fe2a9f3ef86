import type { Archive } from "../../lib/archive/archive.js";
import { FileArchive } from "../../lib/archive/file/file-archive.js";
import {
	compressArchive,
	type JobFailure,
	removeJobs,
	retain,
	SqliteJobRepository,
	type WorkerPool,
} from "../../lib/index.js";
import { scriptedFileSystem } from "../support/scripted-file-system.js";
import { startPool } from "./seeded-archive.js";

const AGE_DAYS = 1;

/** What a test tells a mortal process, as JSON. */
export interface MortalUpkeep {
	/** Of all jobs. */
	work: "move" | "compress" | "remove";
	source: string;
	target: string;
	database: string;
	/** It ends its own life before this file operation of the work, in either archive. */
	deathAt: number;
}

interface Parts {
	source: Archive;
	target: Archive;
	repository: SqliteJobRepository;
	pool: WorkerPool;
}

const WORKS: Record<
	MortalUpkeep["work"],
	(parts: Parts) => Promise<{ failed: JobFailure[] }>
> = {
	move: ({ source, target, repository, pool }) => {
		const policy = { kind: "move", target } as const;
		return retain(source, { pool, policy, ageDays: AGE_DAYS, repository });
	},
	compress: ({ source, pool }) => compressArchive(source, { pool }),
	remove: ({ source, repository }) => removeJobs(source, { repository }),
};

await workUntilKilled(JSON.parse(process.argv[2]));

/** Says, when it lives to the end, how many file operations the work took and how many jobs failed. */
async function workUntilKilled(options: MortalUpkeep): Promise<void> {
	let operations = 0;
	let isReady = false;
	const fileSystem = scriptedFileSystem(() => {
		if (isReady && ++operations === options.deathAt)
			process.kill(process.pid, "SIGKILL");
		return undefined;
	});
	const source = await FileArchive.open(options.source, { fileSystem });
	const target = await FileArchive.open(options.target, { fileSystem });
	const repository = await SqliteJobRepository.open(options.database, {
		fsync: false,
	});
	const pool = startPool();
	const parts = { source, target, repository, pool };
	isReady = true;
	const { failed } = await WORKS[options.work](parts);
	isReady = false;
	await Promise.all(Object.values(parts).map((part) => part.close()));
	process.stdout.write(`${operations} ${failed.length}\n`);
}

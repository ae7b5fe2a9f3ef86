import { FileArchive } from "../../lib/archive/file/file-archive.js";
import { retain, SqliteJobRepository } from "../../lib/index.js";
import { scriptedFileSystem } from "../support/scripted-file-system.js";
import { startPool } from "./seeded-archive.js";

/** What a test tells a mortal retention, as JSON. */
export interface MortalRetention {
	source: string;
	target: string;
	database: string;
	ageDays: number;
	/** It ends its own life before this file operation of the run, of either archive. */
	deathAt: number;
}

await moveUntilKilled(JSON.parse(process.argv[2]));

/** Moves old jobs from one archive to another one, and says `done` with the number of file operations that it took. */
async function moveUntilKilled(options: MortalRetention): Promise<void> {
	let operations = 0;
	let isReady = false;
	const fileSystem = scriptedFileSystem(() => {
		if (isReady && ++operations === options.deathAt)
			process.kill(process.pid, "SIGKILL");
		return undefined;
	});
	const archive = await FileArchive.open(options.source, { fileSystem });
	const target = await FileArchive.open(options.target, { fileSystem });
	const repository = await SqliteJobRepository.open(options.database, {
		fsync: false,
	});
	const pool = startPool();
	isReady = true;
	const { done, failed } = await retain(archive, {
		pool,
		policy: { kind: "move", target },
		ageDays: options.ageDays,
		repository,
	});
	isReady = false;
	await Promise.all([
		archive.close(),
		target.close(),
		repository.close(),
		pool.close(),
	]);
	process.stdout.write(`done ${operations} ${done} ${failed.length}\n`);
}

import { mkdtemp, open, rm, statfs } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { print } from "./bench.js";
import { median } from "./statistics.js";

/** What figures depend on beside the code. */
export interface Machine {
	node: string;
	platform: string;
	cpu: string;
	cores: number;
	memoryBytes: number;
	/** Over the last minute, before the bench: on a quiet machine next to 0. */
	loadAverage: number;
	/** Of the folder for temporary files, where benches write. */
	fileSystem: string;
	/** Median time to sync 4 kB appended to a file there. */
	fsyncMs: number;
	/** `ARCHIVER_*` variables that are set. */
	settings: Record<string, string>;
}

/** `statfs` tells file systems by a number. */
const FILE_SYSTEMS: Record<number, string> = {
	61267: "ext4",
	16914836: "tmpfs",
	1481003842: "xfs",
	2435016766: "btrfs",
	2035054128: "overlayfs",
	26985: "nfs",
};

const SYNCS = 20;

export async function describeMachine(): Promise<Machine> {
	const { type } = await statfs(tmpdir());
	return {
		node: process.version,
		platform: `${process.platform} ${process.arch}`,
		cpu: cpus()[0]?.model.trim() ?? "unknown",
		cores: availableParallelism(),
		memoryBytes: totalmem(),
		loadAverage: loadavg()[0],
		fileSystem: FILE_SYSTEMS[type] ?? `type ${type}`,
		fsyncMs: await measureSync(),
		settings: Object.fromEntries(
			Object.entries(process.env).filter(
				(entry): entry is [string, string] =>
					entry[0].startsWith("ARCHIVER_") && entry[1] !== undefined,
			),
		),
	};
}

export function printMachine(machine: Machine): void {
	const { node, platform, cpu, cores, fileSystem, fsyncMs } = machine;
	print(
		`node ${node} on ${platform}, ${cores} cores (${cpu}), ${fileSystem} with ${fsyncMs.toFixed(2)} ms a sync, load average ${machine.loadAverage.toFixed(1)}`,
	);
	const settings = Object.entries(machine.settings);
	if (settings.length > 0)
		print(
			`set: ${settings.map(([name, value]) => `${name}=${value}`).join(" ")}`,
		);
	if (fileSystem === "tmpfs")
		print("tmpfs keeps nothing: set TMPDIR to a folder on a disk");
}

async function measureSync(): Promise<number> {
	const folder = await mkdtemp(join(tmpdir(), "bench-sync-"));
	try {
		const file = await open(join(folder, "synced"), "w");
		const timesMs: number[] = [];
		for (let i = 0; i < SYNCS; i++) {
			await file.write(Buffer.alloc(4096));
			const startMs = performance.now();
			await file.sync();
			timesMs.push(performance.now() - startMs);
		}
		await file.close();
		return median(timesMs);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

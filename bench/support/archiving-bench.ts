import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type openYardstick from "../baseline/subject.js";
import type { YardstickRun } from "../baseline/subject.js";
import type openArchiving from "./archiving-subject.js";
import type { ArchivingSettings } from "./archiving-subject.js";
import { withFolder } from "./bench.js";
import type { ArchivingRun } from "./bench-house.js";
import { alternate, type RoundsOptions, withProcesses } from "./rounds.js";
import type { WorkloadSettings } from "./workload.js";

/** One arrangement to be measured. */
export interface Arrangement extends Omit<ArchivingSettings, "folder"> {
	name: string;
}

/** What came of an arrangement, beside what the yardstick did in the same rounds. */
export interface Measured {
	name: string;
	runs: ArchivingRun[];
	yardstick: YardstickRun[];
	peakRssBytes: number;
}

const YARDSTICK = "json-gzip";

/**
 * Measures arrangements and the yardstick in alternating rounds, each in a process of its own.
 *
 * @param yardstick - What the yardstick works on: less of the same, since it takes so much longer.
 */
export function measureArchiving(
	bench: string,
	arrangements: readonly Arrangement[],
	yardstick: WorkloadSettings,
	rounds: RoundsOptions,
): Promise<Measured[]> {
	return withFolder(bench, (folder) =>
		withProcesses(async (start) => {
			const baseline = await start<typeof openYardstick>(
				new URL("../baseline/subject.js", import.meta.url),
				{ folder: join(folder, YARDSTICK), workload: yardstick },
			);
			const subjects = new Map(
				await Promise.all(
					arrangements.map(async ({ name, ...settings }) => {
						const own = join(folder, name);
						await mkdir(own);
						const subject = await start<typeof openArchiving>(
							new URL("./archiving-subject.js", import.meta.url),
							{ ...settings, folder: own },
						);
						return [name, subject] as const;
					}),
				),
			);
			const runs = await alternate<ArchivingRun | YardstickRun>(
				[
					{ name: YARDSTICK, run: () => baseline.run() },
					...[...subjects].map(([name, subject]) => ({
						name,
						run: () => subject.run(),
					})),
				],
				rounds,
			);
			await baseline.close();
			const measured: Measured[] = [];
			for (const [name, subject] of subjects) {
				const { peakRssBytes } = await subject.close();
				measured.push({
					name,
					runs: runs.get(name) as ArchivingRun[],
					yardstick: runs.get(YARDSTICK) as YardstickRun[],
					peakRssBytes,
				});
			}
			return measured;
		}),
	);
}

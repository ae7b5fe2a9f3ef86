import type { DataFormat } from "../../lib/index.js";
import type { FileCall } from "../support/scripted-file-system.js";

/** What a test tells a mortal archiver, as JSON. */
export interface MortalOptions {
	folder: string;
	format: DataFormat;
	/** Version of the data that jobs get: see `versionedSource`. */
	version: number;
	seed: number;
	/** Ids of jobs that earlier archivers may have had are below it. */
	firstJobId: number;
	/** Absent: it is killed from outside. */
	death?: Death;
}

/** Where an archiver ends its own life: the how manyth time that it comes there. */
export interface Death {
	step: DeathStep;
	time: number;
}

const FILE_STEPS = {
	"after data": ({ name }) => name === "file.write",
	"after sync": ({ name }) => name === "file.sync",
	"after the rename of data": ({ name, to }) =>
		name === "rename" && /\/data\.[^/]*$/.test(to ?? ""),
	"after the rename of meta": ({ name, to }) =>
		name === "rename" && /\/meta\.json$/.test(to ?? ""),
} as const satisfies Record<string, (call: FileCall) => boolean>;

const OTHER_STEPS = [
	"before the database commit",
	"after the database commit",
	"before hooks",
] as const;

export type DeathStep = keyof typeof FILE_STEPS | (typeof OTHER_STEPS)[number];

export const DEATH_STEPS: readonly DeathStep[] = [
	...(Object.keys(FILE_STEPS) as (keyof typeof FILE_STEPS)[]),
	...OTHER_STEPS,
];

/** What awaits this process. */
export class Fate {
	readonly #death: Death | undefined;
	#times = 0;

	constructor(death: Death | undefined) {
		this.#death = death;
	}

	/** Comes to a step of the work. Does not return when it is the one. */
	reach(step: DeathStep): void {
		if (step !== this.#death?.step) return;
		if (++this.#times === this.#death.time)
			process.kill(process.pid, "SIGKILL");
	}

	/** As {@link reach}, for what has just been done to a file. */
	reachFileStep(call: FileCall): void {
		const { step } = this.#death ?? {};
		if (step !== undefined && step in FILE_STEPS) {
			if (FILE_STEPS[step as keyof typeof FILE_STEPS](call)) this.reach(step);
		}
	}
}

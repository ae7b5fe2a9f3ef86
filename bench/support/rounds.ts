import { print } from "./bench.js";
import { SubjectProcess } from "./subject-process.js";

/** One of those that are measured in turn. */
export interface Contender<Run> {
	name: string;
	run(): Promise<Run>;
}

export interface RoundsOptions {
	/** Rounds whose figures are dropped: files, caches and compiled code. */
	warmups: number;
	rounds: number;
}

/**
 * Measures everybody once a round, so that all see the same machine, each round starting with another one.
 *
 * @returns the runs of each contender, by name, round after round.
 */
export async function alternate<Run>(
	contenders: readonly Contender<Run>[],
	{ warmups, rounds }: RoundsOptions,
): Promise<Map<string, Run[]>> {
	const runs = new Map(contenders.map(({ name }) => [name, [] as Run[]]));
	for (let round = 0; round < warmups + rounds; round++) {
		if (process.stderr.isTTY)
			process.stderr.write(`\rround ${round + 1} of ${warmups + rounds} `);
		for (let turn = 0; turn < contenders.length; turn++) {
			const { name, run } = contenders[(round + turn) % contenders.length];
			const measured = await run();
			if (round >= warmups) runs.get(name)?.push(measured);
		}
	}
	if (process.stderr.isTTY) print("\r");
	return runs;
}

/** Processes that end with `work`, even when it fails. */
export async function withProcesses<T>(
	work: (
		start: <Open>(
			...args: Parameters<typeof SubjectProcess.start<Open>>
		) => Promise<SubjectProcess<Open>>,
	) => Promise<T>,
): Promise<T> {
	const started: { kill(): void }[] = [];
	try {
		return await work(async (...args) => {
			const process = await SubjectProcess.start(...args);
			started.push(process);
			return process;
		});
	} finally {
		for (const process of started) process.kill();
	}
}

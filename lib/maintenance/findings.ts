import type { JobKey } from "../schema/job.js";
import { PROBLEM_CODES, type ProblemCode } from "./problem-codes.js";

/** How many faults are kept, and as many notes: an archive may hold a million jobs, each with the same oddity. */
const MOST_KEPT = 10_000;

/** Something that does not check out. Without `jobId` it concerns the whole cluster, without `cluster` the archive. */
export interface ArchiveProblem {
	code: ProblemCode;
	cluster?: string;
	jobId?: number;
	startTime?: number;
	/** File, key or row concerned. */
	path?: string;
	/** `metric/scope`, or the metric. */
	column?: string;
	/** Byte within the file. */
	offset?: number;
	reason: string;
}

/** What was found, as far as it is kept. Things are found in any order. */
export class Findings {
	/** Found in all. */
	faults = 0;
	readonly #counts = new Map<ProblemCode, number>();
	readonly #kept = {
		fault: [] as ArchiveProblem[],
		note: [] as ArchiveProblem[],
	};

	add(problem: ArchiveProblem): void {
		const { severity } = PROBLEM_CODES[problem.code];
		if (severity === "fault") this.faults++;
		this.#counts.set(problem.code, (this.#counts.get(problem.code) ?? 0) + 1);
		const kept = this.#kept[severity];
		if (kept.length < MOST_KEPT) kept.push(problem);
	}

	/** In the archive's order: what concerns a whole cluster, or the archive, before its jobs. */
	kept(severity: "fault" | "note"): ArchiveProblem[] {
		return this.#kept[severity].sort(comparePlaces);
	}

	counts(): Partial<Record<ProblemCode, number>> {
		const codes = Object.keys(PROBLEM_CODES) as ProblemCode[];
		return Object.fromEntries(
			codes
				.filter((code) => this.#counts.has(code))
				.map((code) => [code, this.#counts.get(code)]),
		);
	}
}

type Place = Partial<JobKey>;

/** Sorting is stable, so what was found first of a job comes first. */
export function comparePlaces(a: Place, b: Place): number {
	return (
		compareNames(a.cluster ?? "", b.cluster ?? "") ||
		(a.jobId ?? -1) - (b.jobId ?? -1) ||
		(a.startTime ?? -1) - (b.startTime ?? -1)
	);
}

function compareNames(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

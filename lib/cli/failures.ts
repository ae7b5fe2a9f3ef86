import { toArchiverError } from "../errors.js";
import type { JobFailure } from "../maintenance/walk-jobs.js";
import { formatJobKey, type JobKey } from "../schema/job.js";
import { moreLine, printNote, shortened } from "./output.js";
import { plainText } from "./text.js";

/** More than are shown; an archive may hold a million jobs, and a full disk fails them all. */
const KEPT = 100;

/** Lists what failed of a run over an archive. */
export function printFailures(failed: readonly JobFailure[]): void {
	const failures = new Failures();
	for (const { cluster, jobId, startTime, code, message } of failed) {
		const key = [cluster, jobId, startTime].filter((it) => it !== undefined);
		failures.addLine(`${key.join("/")}  ${code}: ${message}`);
	}
	failures.print();
}

/** What went wrong with some of many jobs, for the end of a command. */
export class Failures {
	readonly #lines: string[] = [];
	#count = 0;

	get count(): number {
		return this.#count;
	}

	add(job: JobKey, cause: unknown): void {
		const { code, message } = toArchiverError(cause, "WORKER_FAILED");
		this.addLine(`${formatJobKey(job)}  ${code}: ${message}`);
	}

	addLine(line: string): void {
		this.#count++;
		if (this.#lines.length < KEPT) this.#lines.push(plainText(line));
	}

	print(): void {
		if (this.#count === 0) return;
		const lines = shortened(this.#lines).map((line) => `${line}\n`);
		printNote(
			`${this.#count} failed:\n${lines.join("")}${moreLine(this.#count)}`,
		);
	}
}

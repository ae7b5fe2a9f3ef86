import { invalidInput } from "../schema/invalid-input.js";
import type { Job } from "../schema/job.js";
import { isCount } from "../schema/shapes.js";
import type { SqlValue } from "../sqlite/connection.js";
import type { JobQuery } from "./repository.js";

/** Small, since turning rows into jobs holds up the event loop: some 40 µs a job. */
const DEFAULT_LIMIT = 100;

/** Conditions joined by AND, with the values of their parameters in order. */
export class Filter {
	readonly #conditions: string[] = [];
	readonly values: SqlValue[] = [];

	add(condition: string, ...values: SqlValue[]): void {
		this.#conditions.push(condition);
		this.values.push(...values);
	}

	where(): string {
		return this.#conditions.length === 0
			? ""
			: `WHERE ${this.#conditions.join(" AND ")}`;
	}
}

/** Most rows of a page. */
export function limitOf({ limit = DEFAULT_LIMIT }: JobQuery): number {
	if (isCount(limit)) return limit;
	throw invalidInput("limit", "a non-negative integer", limit);
}

/** Row id of the job that a page goes on behind. */
export function rowIdOf(after: Job): number {
	if (after.id !== undefined) return after.id;
	throw invalidInput("after", "a job with its row id", after);
}

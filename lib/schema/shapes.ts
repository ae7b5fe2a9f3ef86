import * as v from "valibot";
import { record } from "./record.js";
import { EXPECTATIONS } from "./validate.js";

/** A name that others refer to: anything but the empty string. */
export const name = v.custom<string>(
	(value) => typeof value === "string" && value !== "",
	"a non-empty string",
);

export const text = v.string("a string");

export const finite = v.custom<number>(Number.isFinite, "a finite number");

export const integer = v.custom<number>(Number.isSafeInteger, "an integer");

export const positive = v.custom<number>(
	(value) => Number.isSafeInteger(value) && (value as number) > 0,
	"an integer above 0",
);

/** Ids, counts, seconds. */
export const count = v.custom<number>(isCount, "a non-negative integer");

/** A list of {@link count}, checked in one pass: a large job has some hundred thousand hwthreads. */
export const counts = v.pipe(
	v.custom<number[]>(Array.isArray, "a list"),
	v.rawCheck(({ dataset, addIssue }) => {
		if (!dataset.typed) return;
		const at = dataset.value.findIndex((value) => !isCount(value));
		if (at === -1) return;
		const value: unknown = dataset.value[at];
		addIssue({
			message: "a non-negative integer",
			input: value,
			path: [step("array", dataset.value, at, value)],
		});
	}),
);

export function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function oneOf<T extends string | number>(options: readonly T[]) {
	return v.picklist(options, `one of ${options.join(", ")}`);
}

export function listOf<S extends v.GenericSchema>(item: S) {
	return v.array(item, "a list");
}

/** An object with the keys named. Others are ignored, and a key that is null counts as absent, as Go writes what it lacks. */
export function objectOf<E extends v.ObjectEntries>(entries: E) {
	return v.pipe(anObject(), v.transform(withoutNulls), v.object(entries));
}

/** As {@link objectOf}, but keys that are not named are kept as they are, in place. */
export function looseObjectOf<E extends v.ObjectEntries>(entries: E) {
	const named = objectOf(entries);
	return v.pipe(
		anObject(),
		v.rawTransform(({ dataset, addIssue, NEVER }) => {
			const result = v.safeParse(named, dataset.value, EXPECTATIONS);
			if (!result.success) {
				for (const { message, input, path } of result.issues)
					addIssue({ message, input, path });
				return NEVER;
			}
			const checked = result.output as Record<string, unknown>;
			const kept = Object.entries(dataset.value)
				.filter(
					([key]) =>
						Object.hasOwn(checked, key) || !Object.hasOwn(entries, key),
				)
				.map(([key, value]) => [
					key,
					Object.hasOwn(checked, key) ? checked[key] : value,
				]);
			return Object.fromEntries(kept) as v.InferOutput<typeof named>;
		}),
	);
}

/**
 * An object whose keys are names of any kind; gives a null-prototype record. Keys that are null are left out.
 * (valibot's own `record` drops `__proto__`, `constructor` and `prototype` in silence.)
 */
export function mapOf<T>(item: v.GenericSchema<unknown, T>) {
	return v.pipe(
		anObject(),
		v.rawTransform(({ dataset, addIssue }) => {
			const map = record<T>();
			for (const [key, value] of Object.entries(dataset.value)) {
				if (value === null || value === undefined) continue;
				const result = v.safeParse(item, value, EXPECTATIONS);
				if (result.success) {
					map[key] = result.output;
					continue;
				}
				const here = step("object", dataset.value, key, value);
				for (const { message, input, path = [] } of result.issues)
					addIssue({ message, input, path: [here, ...path] });
			}
			return map;
		}),
	);
}

function anObject() {
	return v.custom<Record<string, unknown>>(
		(value) =>
			typeof value === "object" && value !== null && !Array.isArray(value),
		"an object",
	);
}

function withoutNulls(value: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(value).filter(
			([, entry]) => entry !== null && entry !== undefined,
		),
	);
}

/** One step of the path to a problem, for the `path` of an issue that a check adds itself. */
export function step(
	type: "array" | "object",
	input: unknown,
	key: string | number,
	value: unknown,
): v.IssuePathItem {
	return { type, origin: "value", input, key, value } as v.IssuePathItem;
}

import { describeValue } from "../invalid-input.js";

/**
 * How a value departs from a published schema. `broken`: it does not have the structure, so readers may fail. `beyond`: it
 * goes beyond a list or a bound, or lacks a metric, as jobs of real sites do.
 */
export type Verdict = "broken" | "beyond";

export interface Deviation {
	verdict: Verdict;
	/** Names down to the value, with `*` for places in lists: `cpu_load.node.series.*.hostname`. */
	at: string;
	reason: string;
	/** How often. */
	count: number;
}

/** Deviations of one document that are told apart. */
const MOST_DEVIATIONS = 100;

/** What has been found of one document so far. The same at all places of a list is one deviation. */
export class Deviations {
	readonly #found = new Map<string, Deviation>();

	add(verdict: Verdict, at: string, reason: string): void {
		const key = `${verdict} ${at} ${reason}`;
		const known = this.#found.get(key);
		if (known !== undefined) known.count++;
		else if (this.#found.size < MOST_DEVIATIONS)
			this.#found.set(key, { verdict, at, reason, count: 1 });
	}

	list(): Deviation[] {
		return [...this.#found.values()];
	}
}

/** Looks at a value, and reports how it departs from what it should be. */
export type Rule = (value: unknown, at: string, found: Deviations) => void;

export const text: Rule = (value, at, found) => {
	if (typeof value !== "string") expected("a string", value, at, found);
};

/** @param above - The value should be more than this. */
export function integer({ above }: { above?: number } = {}): Rule {
	return (value, at, found) => {
		if (!Number.isInteger(value)) expected("an integer", value, at, found);
		else if (above !== undefined && (value as number) <= above)
			found.add("beyond", at, `should be more than ${above}`);
	};
}

/** @param least - The value should not be less than this. */
export function number({ least }: { least?: number } = {}): Rule {
	return (value, at, found) => {
		if (!Number.isFinite(value)) expected("a number", value, at, found);
		else if (least !== undefined && (value as number) < least)
			found.add("beyond", at, `should not be less than ${least}`);
	};
}

/** @param verdict - On a string that is none of the list. */
export function oneOf(list: readonly string[], verdict: Verdict): Rule {
	return (value, at, found) => {
		if (typeof value !== "string") expected("a string", value, at, found);
		else if (!list.includes(value))
			found.add(verdict, at, `${describeValue(value)} is not in the list`);
	};
}

/** @param least - There should be so many. */
export function listOf(item: Rule, { least = 0 } = {}): Rule {
	return (value, at, found) => {
		if (!isList(value)) return expected("a list", value, at, found);
		if (value.length < least)
			found.add("beyond", at, `should have ${least} entries or more`);
		const place = `${at}.*`;
		for (let i = 0; i < value.length; i++) item(value[i], place, found);
	};
}

export interface ObjectRules {
	/** Rules for the keys that may be there; others may hold anything. */
	properties: Readonly<Record<string, Rule>>;
	/** Keys without which it is broken. */
	required?: readonly string[];
	/** Keys that should be there. */
	wanted?: readonly string[];
	/** Rule for every key that has none of its own. */
	others?: Rule;
}

export function object(rules: ObjectRules): Rule {
	const inside = keys(rules);
	return (value, at, found) => {
		if (isObject(value)) inside(value, at, found);
		else expected("an object", value, at, found);
	};
}

/** As {@link object}, but anything else than an object is let pass, as the published schemas do in places. */
export function keys({
	properties,
	required = [],
	wanted = [],
	others,
}: ObjectRules): Rule {
	return (value, at, found) => {
		if (!isObject(value)) return;
		for (const key of required)
			if (!Object.hasOwn(value, key))
				found.add("broken", below(at, key), "is missing");
		for (const key of wanted)
			if (!Object.hasOwn(value, key))
				found.add("beyond", below(at, key), "is missing");
		for (const key of Object.keys(value)) {
			const rule = Object.hasOwn(properties, key) ? properties[key] : others;
			rule?.(value[key], below(at, key), found);
		}
	};
}

/** Both of two rules. */
export function both(first: Rule, second: Rule): Rule {
	return (value, at, found) => {
		first(value, at, found);
		second(value, at, found);
	};
}

export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !isList(value);
}

/** Samples come as lists of JSON, and as our columns. */
export function isList(value: unknown): value is ArrayLike<unknown> {
	return Array.isArray(value) || value instanceof Float64Array;
}

export function below(at: string, key: string): string {
	return at === "" ? key : `${at}.${key}`;
}

export function expected(
	what: string,
	value: unknown,
	at: string,
	found: Deviations,
): void {
	const kind = isList(value) ? "a list" : describeKind(value);
	found.add("broken", at, `should be ${what}, and is ${kind}`);
}

/** Only the kind, so that the same in every entry of a list is told once. */
function describeKind(value: unknown): string {
	if (value === null) return "null";
	if (isObject(value)) return "an object";
	return typeof value === "boolean" ? String(value) : `a ${typeof value}`;
}

/** The same rule for each of several keys. */
export function each(
	names: readonly string[],
	rule: Rule,
): Record<string, Rule> {
	return Object.fromEntries(names.map((name) => [name, rule]));
}

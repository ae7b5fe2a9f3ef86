import * as v from "valibot";

/** One option: its variable, what it accepts, and what the README says of it. */
export interface OptionSpec<T> {
	/** Environment variable. */
	env: string;
	/** What a value must be: one phrase, for messages and the README. */
	expects: string;
	/** Accepts the option's own type and, from the environment, its text. */
	schema: v.GenericSchema<unknown, T>;
	default: () => T;
	/** How the README writes the default; absent: the value itself. */
	defaultText?: string;
	description: string;
}

/** How far threads give way to the host's: a nice value, as Linux knows it. */
export function nice(env: string, description: string): OptionSpec<number> {
	const spec = integer(env, 0, 10, description);
	return {
		...spec,
		expects: "a whole number from 0 to 19",
		schema: v.pipe(spec.schema, v.maxValue(19)),
	};
}

export function integer(
	env: string,
	min: number,
	byDefault: number | (() => number),
	description: string,
	defaultText?: string,
): OptionSpec<number> {
	return {
		env,
		expects: `a whole number of at least ${min}`,
		schema: v.pipe(
			v.union([
				v.number(),
				v.pipe(v.string(), v.trim(), v.digits(), v.transform(Number)),
			]),
			v.safeInteger(),
			v.minValue(min),
		),
		default: typeof byDefault === "number" ? () => byDefault : byDefault,
		defaultText,
		description,
	};
}

export function share(
	env: string,
	byDefault: number,
	description: string,
): OptionSpec<number> {
	return {
		env,
		expects: "a number from 0 to 1",
		schema: v.pipe(
			v.union([
				v.number(),
				v.pipe(
					v.string(),
					v.trim(),
					v.regex(/^(\d+\.?\d*|\.\d+)$/),
					v.transform(Number),
				),
			]),
			v.minValue(0),
			v.maxValue(1),
		),
		default: () => byDefault,
		description,
	};
}

/** Whole numbers, since ClusterCockpit reads their names as such. */
export function percentileList(
	env: string,
	description: string,
): OptionSpec<readonly number[]> {
	const percentile = v.pipe(
		v.number(),
		v.integer(),
		v.minValue(1),
		v.maxValue(99),
	);
	return {
		env,
		expects: "whole numbers from 1 to 99",
		schema: v.pipe(
			v.union([
				v.array(v.number()),
				v.pipe(
					v.string(),
					v.regex(/^\s*\d+\s*(,\s*\d+\s*)*$/),
					v.transform((list) => list.split(",").map(Number)),
				),
			]),
			v.array(percentile),
		),
		default: () => [],
		defaultText: "none",
		description,
	};
}

export function flag(
	env: string,
	byDefault: boolean,
	description: string,
): OptionSpec<boolean> {
	const words: Record<string, boolean> = {
		on: true,
		true: true,
		"1": true,
		off: false,
		false: false,
		"0": false,
	};
	return {
		env,
		expects: "on or off",
		schema: v.union([
			v.boolean(),
			v.pipe(
				v.string(),
				v.toLowerCase(),
				v.picklist(Object.keys(words)),
				v.transform((word) => words[word]),
			),
		]),
		default: () => byDefault,
		defaultText: byDefault ? "on" : "off",
		description,
	};
}

export function choice<const W extends string, D extends W | undefined>(
	env: string,
	words: readonly W[],
	byDefault: D,
	description: string,
	defaultText?: string,
): OptionSpec<W | D> {
	return {
		env,
		expects: `one of ${words.join(", ")}`,
		schema: v.picklist(words),
		default: () => byDefault,
		defaultText: defaultText ?? byDefault,
		description,
	};
}

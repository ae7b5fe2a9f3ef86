import { invalidInput } from "./invalid-input.js";

/** Unit of a metric as ClusterCockpit writes it: `{ base: 'B/s', prefix: 'G' }`. */
export interface Unit {
	base: string;
	prefix?: string;
}

/** Decimal for every base, bytes too, as ClusterCockpit counts. */
const PREFIX_FACTORS: ReadonlyMap<string, number> = new Map([
	["n", 1e-9],
	["u", 1e-6],
	["m", 1e-3],
	["", 1],
	["k", 1e3],
	["K", 1e3],
	["M", 1e6],
	["G", 1e9],
	["T", 1e12],
	["P", 1e15],
	["E", 1e18],
]);

export function isUnitPrefix(prefix: string): boolean {
	return PREFIX_FACTORS.has(prefix);
}

/**
 * What one unit with this prefix is worth without it: 1000 for `K`.
 *
 * @throws ArchiverError INVALID_INPUT for an unknown prefix
 */
export function prefixFactor(prefix = ""): number {
	const factor = PREFIX_FACTORS.get(prefix);
	if (factor === undefined)
		throw invalidInput(
			"prefix",
			`one of ${[...PREFIX_FACTORS.keys()].filter(Boolean).join(", ")} or none`,
			prefix,
		);
	return factor;
}

/** @throws ArchiverError INVALID_INPUT when the bases differ or a prefix is unknown */
export function convertUnit(value: number, from: Unit, to: Unit): number {
	if (from.base !== to.base)
		throw invalidInput(
			"unit",
			`a unit that converts to '${formatUnit(to)}'`,
			formatUnit(from),
		);
	const source = prefixFactor(from.prefix);
	const target = prefixFactor(to.prefix);
	return source >= target
		? value * (source / target)
		: value / (target / source);
}

/** `{ base: 'B/s', prefix: 'G' }` as `GB/s`. */
export function formatUnit({ base, prefix = "" }: Unit): string {
	return prefix + base;
}

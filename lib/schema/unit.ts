import { invalidInput } from "./invalid-input.js";

/** Unit of a metric as ClusterCockpit writes it: `{ base: 'B/s', prefix: 'G' }`. */
export interface Unit {
	base: string;
	prefix?: string;
}

/** Powers of ten. For every base, bytes too, as ClusterCockpit counts. */
const PREFIX_EXPONENTS: ReadonlyMap<string, number> = new Map([
	["n", -9],
	["u", -6],
	["m", -3],
	["", 0],
	["k", 3],
	["K", 3],
	["M", 6],
	["G", 9],
	["T", 12],
	["P", 15],
	["E", 18],
]);

export function isUnitPrefix(prefix: string): boolean {
	return PREFIX_EXPONENTS.has(prefix);
}

/**
 * What one unit with this prefix is worth without it: 1000 for `K`.
 *
 * @throws ArchiverError INVALID_INPUT for an unknown prefix
 */
export function prefixFactor(prefix = ""): number {
	return scaled(1, exponentOf(prefix));
}

/** @throws ArchiverError INVALID_INPUT when the bases differ or a prefix is unknown */
export function convertUnit(value: number, from: Unit, to: Unit): number {
	if (from.base !== to.base)
		throw invalidInput(
			"unit",
			`a unit that converts to '${formatUnit(to)}'`,
			formatUnit(from),
		);
	return scaled(value, exponentOf(from.prefix) - exponentOf(to.prefix));
}

/** `{ base: 'B/s', prefix: 'G' }` as `GB/s`. */
export function formatUnit({ base, prefix = "" }: Unit): string {
	return prefix + base;
}

function exponentOf(prefix = ""): number {
	const exponent = PREFIX_EXPONENTS.get(prefix);
	if (exponent !== undefined) return exponent;
	const known = [...PREFIX_EXPONENTS.keys()].filter((it) => it !== "");
	throw invalidInput("prefix", `one of ${known.join(", ")} or none`, prefix);
}

/** Divides by a power of ten rather than multiply with its inverse, which a double cannot hold exactly. */
function scaled(value: number, exponent: number): number {
	return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}

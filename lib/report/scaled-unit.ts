import {
	formatUnit,
	isUnitPrefix,
	prefixFactor,
	type Unit,
} from "../schema/unit.js";

/** By size. */
const PREFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
/** Units that people write with prefixes; `load` or `%` they don't. */
const PREFIXED = /^(B|F|Flops?|W|Wh|J|Hz|packets|IOPS)(\/s)?$/i;
/** Values up to this are read as they are. */
const LARGEST_PLAIN = 10_000;

/** A unit in which a magnitude is a number of few digits, and what values are multiplied with to be in it. */
export function scaledUnit(
	unit: Unit,
	magnitude: number,
): { unit: string; scale: number } {
	const { base, prefix = "" } = unit;
	if (
		magnitude < LARGEST_PLAIN ||
		!PREFIXED.test(base) ||
		!isUnitPrefix(prefix)
	)
		return { unit: formatUnit(unit), scale: 1 };
	const factor = prefixFactor(prefix);
	const best = PREFIXES.findLast(
		(candidate) => prefixFactor(candidate) <= magnitude * factor,
	);
	if (best === undefined) return { unit: formatUnit(unit), scale: 1 };
	return { unit: best + base, scale: factor / prefixFactor(best) };
}

const FIRST_SURROGATE = 0xd800;
const FIRST_BEHIND_SURROGATES = 0xe000;

/** Orders texts as their bytes in UTF-8 are, which Parquet's readers compare: by code point, not by UTF-16 unit. */
export function compareText(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
		if (x !== y) return rank(x) - rank(y);
	}
	return a.length - b.length;
}

/** Units of a surrogate pair stand for code points above all that have one unit. */
function rank(unit: number): number {
	const isSurrogate = unit >= FIRST_SURROGATE && unit < FIRST_BEHIND_SURROGATES;
	return isSurrogate ? unit + FIRST_BEHIND_SURROGATES : unit;
}

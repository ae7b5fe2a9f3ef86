/** Values and statistics are written with two decimals, here and there: each may be off by half a hundredth. */
const ROUNDING = 0.0101;
/** What the order of a sum makes of it. */
const RELATIVE = 1e-9;

/** Whether a statistic that somebody tells can be what these samples give, as far as both were rounded. */
export function agrees(told: number, computed: number): boolean {
	const size = Math.max(Math.abs(told), Math.abs(computed));
	return Math.abs(told - computed) <= ROUNDING + RELATIVE * size;
}

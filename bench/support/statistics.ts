/** How a quantity is spread over many events. */
export interface Distribution {
	p50: number;
	p90: number;
	p99: number;
	p999: number;
	max: number;
}

export function distributionOf(values: readonly number[]): Distribution {
	const sorted = [...values].sort((a, b) => a - b);
	const at = (share: number) =>
		sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
	return {
		p50: at(0.5),
		p90: at(0.9),
		p99: at(0.99),
		p999: at(0.999),
		max: at(1),
	};
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1
		? sorted[middle]
		: (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Lowest and highest, for showing beside a median. */
export function spread(values: readonly number[]): string {
	return `${format(Math.min(...values))}..${format(Math.max(...values))}`;
}

/** Median over the rounds of a quantity, each part of a distribution apart. */
export function medianDistribution(
	distributions: readonly Distribution[],
): Distribution {
	const of = (key: keyof Distribution) =>
		median(distributions.map((distribution) => distribution[key]));
	return {
		p50: of("p50"),
		p90: of("p90"),
		p99: of("p99"),
		p999: of("p999"),
		max: of("max"),
	};
}

/** A number in three digits or so: `41.5M`, `1.3k`, `0.84`. */
export function format(value: number): string {
	if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
	if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
	return value.toFixed(value < 10 ? 2 : 1);
}

export function formatMib(bytes: number): string {
	return `${Math.round(bytes / 2 ** 20)} MiB`;
}

export function formatShare(share: number): string {
	return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

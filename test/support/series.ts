import type { JobData } from "../../lib/schema/metric.js";
import type { MetricScope } from "../../lib/schema/scope.js";

/** Every series of a job by metric, its samples as text. */
export function seriesOf(
	data: JobData,
	comparable: (samples: Float64Array) => string,
): [string, string][] {
	return Object.keys(data)
		.sort()
		.flatMap((metric) =>
			(Object.keys(data[metric]) as MetricScope[]).flatMap((scope) =>
				(data[metric][scope]?.series ?? []).map(
					({ hostname, id, data }): [string, string] => [
						[metric, scope, hostname, id].join(" "),
						comparable(data),
					],
				),
			),
		);
}

export function twoDecimals(samples: Float64Array): string {
	return Array.from(samples, (sample) => sample.toFixed(2)).join();
}

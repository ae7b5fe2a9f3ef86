import type { MetricConfig } from "./cluster.js";
import type { Job, JobStatistics } from "./job.js";
import { record } from "./record.js";
import { round2 } from "./round.js";
import { isUnitPrefix, prefixFactor, type Unit } from "./unit.js";

const WATTS_PER_KILOWATT = 1000;
const SECONDS_PER_HOUR = 3600;

/** kWh in one unit of a metric with `energy: "energy"`, without its prefix. */
const KWH_PER_BASE: ReadonlyMap<string, number> = new Map([
	["J", 1 / 3.6e6],
	["Wh", 1 / 1000],
]);

/** kWh, rounded to two decimals. */
export interface JobEnergy {
	/** Metric -> kWh. Null-prototype, empty when nothing applies. */
	energyFootprint: Record<string, number>;
	/** The sum before rounding, then rounded. */
	energy: number;
}

/**
 * The energy a job took, from its statistics at node scope.
 *
 * - `energy: "power"`: mean watts of a node x nodes x hours.
 * - `energy: "energy"`: a sample is what a node took in one timestep, in J or Wh; so mean sample x nodes x samples.
 *
 * Prefixes count (mW, kW, MJ). A metric without samples, or whose unit does not say how much energy it is, is left out.
 *
 * @param metrics - The metrics of the job's subcluster, see `metricsOf`.
 * @param statistics - Metric -> statistics over the whole job.
 * @param samplesOf - Metric -> samples that a whole series of it has; where that is not known, floor(duration / timestep) + 1.
 */
export function energyOf(
	metrics: readonly MetricConfig[],
	statistics: Record<string, JobStatistics>,
	job: Pick<Job, "numNodes" | "duration">,
	samplesOf?: (metric: string) => number | undefined,
): JobEnergy {
	const energyFootprint = record<number>();
	let total = 0;
	for (const metric of metrics) {
		const { name } = metric;
		if (metric.energy === undefined || !Object.hasOwn(statistics, name))
			continue;
		const kilowattHours = kilowattHoursOf(
			metric,
			statistics[name],
			job,
			samplesOf?.(name),
		);
		if (!Number.isFinite(kilowattHours)) continue;
		energyFootprint[name] = round2(kilowattHours);
		total += kilowattHours;
	}
	return { energyFootprint, energy: round2(total) };
}

/** Whether {@link energyOf} can make something of a unit. Power is taken for watts whatever its base is called. */
export function isEnergyUnit(
	kind: MetricConfig["energy"],
	{ base, prefix = "" }: Unit,
): boolean {
	return isUnitPrefix(prefix) && (kind === "power" || KWH_PER_BASE.has(base));
}

function kilowattHoursOf(
	{ energy, timestep }: MetricConfig,
	{ avg, unit }: JobStatistics,
	{ numNodes, duration }: Pick<Job, "numNodes" | "duration">,
	samples = Math.floor(duration / timestep) + 1,
): number {
	if (!isEnergyUnit(energy, unit)) return Number.NaN;
	const perNode = avg * prefixFactor(unit.prefix);
	if (energy === "power") {
		const kilowatts = (perNode * numNodes) / WATTS_PER_KILOWATT;
		return kilowatts * (duration / SECONDS_PER_HOUR);
	}
	return (
		perNode * numNodes * samples * (KWH_PER_BASE.get(unit.base) ?? Number.NaN)
	);
}

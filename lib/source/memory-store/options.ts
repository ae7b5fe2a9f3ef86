import type { Logger } from "pino";
import { ArchiverError } from "../../errors.js";
import type { Cluster } from "../../schema/cluster.js";
import { describeValue } from "../../schema/invalid-input.js";
import type { ClusterConfigProvider } from "./cluster-configs.js";
import type { MemoryPressure } from "./memory-budget.js";
import type { StorePool } from "./pool-tasks.js";

export interface MemoryMetricStoreOptions {
	/**
	 * The clusters whose samples are taken: their metrics' timesteps and scopes decide how series are kept. Or where to ask for
	 * them, such as an archive: when lines of a cluster come, a snapshot holds it, or a job of it is loaded.
	 */
	clusters: readonly Cluster[] | ClusterConfigProvider;
	/** Samples of a series are kept for so long behind its newest one (a day). */
	retentionSeconds?: number;
	/** Most bytes that samples and their series take (1 GiB). */
	maxBytes?: number;
	/** Told once when 80 %, 90 % and 100 % of `maxBytes` are reached, before anything is dropped for it. */
	onPressure?: (pressure: MemoryPressure) => void;
	/** Samples further ahead of the clock are dropped (300). */
	maxAheadSeconds?: number;
	/** Unix seconds. The system's time, unless samples of another time are replayed. */
	clock?: () => number;
	/** Reads large texts of line protocol and encodes snapshots; none: the main thread does, a few milliseconds at a time. */
	pool?: StorePool;
	/** Where snapshots go that the store takes by itself. */
	snapshotPath?: string;
	/** Time between two of them; 0: none but the one when the store is closed (0). */
	snapshotEveryMs?: number;
	/** Told of snapshots that fail, and of callbacks that throw. */
	logger?: Pick<Logger, "error">;
}

/** Options with their defaults, and every callback harmless. */
export interface EffectiveOptions
	extends Omit<Required<MemoryMetricStoreOptions>, OptionalParts> {
	pool?: StorePool;
	snapshotPath?: string;
	logger?: Pick<Logger, "error">;
}
type OptionalParts = "pool" | "snapshotPath" | "logger";

const NUMBERS = {
	retentionSeconds: { byDefault: 86_400, above: 0 },
	maxBytes: { byDefault: 2 ** 30, above: 0 },
	maxAheadSeconds: { byDefault: 300, above: -1 },
	snapshotEveryMs: { byDefault: 0, above: -1 },
} as const;

/** @throws ArchiverError INVALID_OPTION, listing every problem */
export function effectiveOptions(
	options: MemoryMetricStoreOptions,
): EffectiveOptions {
	const problems: string[] = [];
	const number = (name: keyof typeof NUMBERS): number => {
		const { byDefault, above } = NUMBERS[name];
		const value = options[name] ?? byDefault;
		if (!(Number.isFinite(value) && value > above))
			problems.push(
				`${name}: must be a number ${above < 0 ? "of 0 or more" : "above 0"}, is ${describeValue(value)}`,
			);
		return value;
	};
	const { snapshotPath, logger, onPressure } = options;
	const effective: EffectiveOptions = {
		clusters: options.clusters,
		retentionSeconds: number("retentionSeconds"),
		maxBytes: number("maxBytes"),
		maxAheadSeconds: number("maxAheadSeconds"),
		snapshotEveryMs: number("snapshotEveryMs"),
		clock: options.clock ?? (() => Date.now() / 1000),
		pool: options.pool,
		snapshotPath,
		logger,
		onPressure: (pressure) => {
			try {
				onPressure?.(pressure);
			} catch (err) {
				logger?.error({ err }, "onPressure failed");
			}
		},
	};
	if (effective.snapshotEveryMs > 0 && snapshotPath === undefined)
		problems.push("snapshotPath: must be given with snapshotEveryMs");
	if (problems.length > 0)
		throw new ArchiverError(
			"INVALID_OPTION",
			`unusable options: ${problems.join("; ")}`,
			{ problems },
		);
	return effective;
}

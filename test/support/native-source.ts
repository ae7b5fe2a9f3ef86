import type { ColumnHeader } from "../../lib/codec/column.js";
import type { MetricScope } from "../../lib/schema/scope.js";
import type {
	LoadRequest,
	MetricSource,
	SamplesChunk,
} from "../../lib/source/source.js";
import { heldDevices } from "../../lib/source/topology.js";

/** Samples that a device of a host has of a metric; undefined: it has no series. */
export type Feed = (
	metric: string,
	hostname: string,
	device: string | null,
) => readonly number[] | undefined;

export interface NativeSourceOptions {
	/** Hosts in each chunk; all of them unless told. */
	hostsPerChunk?: number;
	/** What a column is instead of what its metric's configuration says. */
	header?: (
		metric: string,
		firstHost: string,
	) => Partial<Pick<ColumnHeader, "timestep" | "unit">>;
}

/** A metric store as the archiver sees one: every metric at the scope it is measured at, of the devices that the job holds. */
export class NativeSource implements MetricSource {
	readonly #feed: Feed;
	readonly #options: NativeSourceOptions;

	constructor(feed: Feed, options: NativeSourceOptions = {}) {
		this.#feed = feed;
		this.#options = options;
	}

	async *load(request: LoadRequest): AsyncGenerator<SamplesChunk> {
		const { resources } = request.job;
		const { hostsPerChunk = resources.length } = this.#options;
		for (let first = 0; first < resources.length; first += hostsPerChunk) {
			const end = first + hostsPerChunk;
			yield this.#chunk(request, first, end, end >= resources.length);
		}
	}

	#chunk(
		{ job, subCluster, metrics }: LoadRequest,
		first: number,
		end: number,
		last: boolean,
	): SamplesChunk {
		const hosts = job.resources.slice(first, end);
		const samples: number[] = [];
		const columns = metrics.map(({ config }): ColumnHeader => {
			const series = hosts.flatMap((resource) => {
				if (subCluster === undefined) return [];
				const held = heldDevices(resource, subCluster.topology);
				return devicesOf(config.scope, held).flatMap((id) => {
					const fed = this.#feed(config.name, resource.hostname, id);
					return fed ? [{ hostname: resource.hostname, id, fed }] : [];
				});
			});
			for (const { fed } of series) samples.push(...fed);
			return {
				metric: config.name,
				scope: config.scope,
				unit: config.unit,
				timestep: config.timestep,
				...this.#options.header?.(config.name, hosts[0].hostname),
				hostnames: series.map(({ hostname }) => hostname),
				ids: config.scope === "node" ? null : series.map(({ id }) => id),
				lengths: Uint32Array.from(series, ({ fed }) => fed.length),
			};
		});
		const buffer = Float64Array.from(samples).buffer;
		return { kind: "samples", native: true, columns, buffer, last };
	}
}

function devicesOf(
	scope: MetricScope,
	held: ReturnType<typeof heldDevices>,
): readonly (string | null)[] {
	switch (scope) {
		case "node":
			return [null];
		case "socket":
			return held.sockets;
		case "memoryDomain":
			return held.memoryDomains;
		case "core":
			return held.cores;
		case "hwthread":
			return held.hwthreads.map(String);
		case "accelerator":
			return held.accelerators;
	}
}

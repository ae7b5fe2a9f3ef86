import type { Cluster } from "../../schema/cluster.js";
import {
	Host,
	Measurement,
	Series,
	type StoredMetric,
	type StoredMetrics,
} from "./series.js";

/** Every series of the store, by cluster, host, metric and device, and the metrics that clusters have. */
export class SeriesTable {
	readonly #metrics = new Map<string, StoredMetrics>();
	readonly #hosts = new Map<string, Map<string, Host>>();
	#series = 0;

	/** Series in the table. */
	get series(): number {
		return this.#series;
	}

	/** Takes over the metrics of a cluster. Measurements keep the metric that they have. */
	configure({ name, metricConfig }: Cluster): void {
		this.#metrics.set(
			name,
			new Map(
				metricConfig.map(({ name, unit, scope, timestep }) => [
					name,
					{ name, unit, scope, timestep },
				]),
			),
		);
	}

	isConfigured(cluster: string): boolean {
		return this.#metrics.has(cluster);
	}

	/** The metrics of a cluster, a new object each time it is configured. */
	metrics(cluster: string): StoredMetrics | undefined {
		return this.#metrics.get(cluster);
	}

	metric(cluster: string, name: string): StoredMetric | undefined {
		return this.#metrics.get(cluster)?.get(name);
	}

	/** The host, made when it is not there. */
	host(cluster: string, hostname: string): Host {
		let hosts = this.#hosts.get(cluster);
		if (hosts === undefined) {
			hosts = new Map();
			this.#hosts.set(cluster, hosts);
		}
		let host = hosts.get(hostname);
		if (host === undefined) {
			host = new Host(cluster, hostname);
			hosts.set(hostname, host);
		}
		return host;
	}

	findHost(cluster: string, hostname: string): Host | undefined {
		return this.#hosts.get(cluster)?.get(hostname);
	}

	hosts(cluster: string): Iterable<Host> {
		return this.#hosts.get(cluster)?.values() ?? [];
	}

	/** Clusters that have hosts. */
	clusters(): Iterable<string> {
		return this.#hosts.keys();
	}

	find(
		cluster: string,
		hostname: string,
		metric: string,
		device: string,
	): Series | undefined {
		return this.findHost(cluster, hostname)
			?.measurements.get(metric)
			?.devices.get(device);
	}

	/**
	 * Whether a device can have a series: the cluster has the metric, and the device has a name unless the metric is measured
	 * at node scope.
	 */
	accepts(
		cluster: string,
		hostname: string,
		metric: string,
		device: string,
	): boolean {
		const known = this.metric(cluster, metric);
		return (
			known !== undefined &&
			hostname !== "" &&
			(known.scope === "node") === (device === "")
		);
	}

	/** Makes the series of a device that has none and can have one. */
	create(
		cluster: string,
		hostname: string,
		metric: string,
		device: string,
	): Series {
		const host = this.host(cluster, hostname);
		let measurement = host.measurements.get(metric);
		if (measurement === undefined) {
			const known = this.metric(cluster, metric) as StoredMetric;
			measurement = new Measurement(host, known);
			host.measurements.set(metric, measurement);
		}
		const series = new Series(measurement, device);
		measurement.devices.set(device, series);
		this.#series++;
		return series;
	}

	/** Takes a series out, and its measurement with the last of its series. */
	detach(series: Series): void {
		if (series.detached) return;
		series.detached = true;
		this.#series--;
		const { measurement, device } = series;
		measurement.devices.delete(device);
		if (measurement.devices.isEmpty)
			measurement.host.measurements.delete(measurement.metric.name);
	}

	/** Takes out a host of which nothing is left and nothing is needed. */
	forget(host: Host): void {
		if (host.measurements.size > 0) return;
		if (host.heldFromSeconds < Number.POSITIVE_INFINITY) return;
		const hosts = this.#hosts.get(host.cluster);
		if (hosts?.get(host.hostname) === host) hosts.delete(host.hostname);
	}
}

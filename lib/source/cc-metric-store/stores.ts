import { ArchiverError } from "../../errors.js";
import type { Job } from "../../schema/job.js";
import {
	parseAddress,
	type Server,
	type ServerAddress,
} from "../http/address.js";
import { unusableOptions } from "../http/options.js";

/** Where metric stores answer: one for all, several, or both. */
export interface StoreAddresses extends Partial<ServerAddress> {
	/**
	 * By cluster, by `cluster-subcluster`, or `*` for all that have none of their own. The most specific one is asked; `url`
	 * is that of `*`.
	 */
	stores?: Readonly<Record<string, ServerAddress>>;
}

const ALL = "*";

/** Finds the store that knows a job's series. */
export class Stores {
	readonly #servers = new Map<string, Server>();

	/** @throws ArchiverError INVALID_OPTION */
	constructor({ url, token, stores = {} }: StoreAddresses) {
		if (url !== undefined) this.#servers.set(ALL, parseAddress({ url, token }));
		for (const [name, address] of Object.entries(stores))
			this.#servers.set(name, parseAddress(address, `stores.${name}`));
		if (this.#servers.size === 0)
			throw unusableOptions(["url: must be given, or stores"]);
	}

	/** @throws ArchiverError CLUSTER_UNKNOWN when no store is responsible */
	find({ cluster, subCluster }: Pick<Job, "cluster" | "subCluster">): Server {
		const server =
			this.#servers.get(`${cluster}-${subCluster}`) ??
			this.#servers.get(cluster) ??
			this.#servers.get(ALL);
		if (server !== undefined) return server;
		throw new ArchiverError(
			"CLUSTER_UNKNOWN",
			`there is no metric store for cluster ${cluster}`,
			{ cluster },
		);
	}
}

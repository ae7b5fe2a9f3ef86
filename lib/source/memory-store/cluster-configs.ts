import { isArchiverError } from "../../errors.js";
import type { Cluster } from "../../schema/cluster.js";

/** Where configurations of clusters come from; an archive is one. */
export interface ClusterConfigProvider {
	/** @throws ArchiverError CLUSTER_UNKNOWN */
	loadClusterConfig(name: string): Promise<Cluster>;
}

/** Asks a provider for each cluster once. */
export class ClusterConfigs {
	readonly #provider: ClusterConfigProvider | undefined;
	readonly #asked = new Map<string, Promise<Cluster | undefined>>();

	constructor(provider?: ClusterConfigProvider) {
		this.#provider = provider;
	}

	/**
	 * The configuration of a cluster; undefined when nobody knows it. One that is unknown is not asked for again, since samples
	 * of it may come at any rate.
	 *
	 * @throws ArchiverError why the provider cannot answer; it is asked again the next time.
	 */
	find(name: string): Promise<Cluster | undefined> {
		let asked = this.#asked.get(name);
		if (asked === undefined) {
			asked = this.#ask(name);
			this.#asked.set(name, asked);
			asked.catch(() => this.#asked.delete(name));
		}
		return asked;
	}

	async #ask(name: string): Promise<Cluster | undefined> {
		try {
			return await this.#provider?.loadClusterConfig(name);
		} catch (error) {
			if (isArchiverError(error) && error.code === "CLUSTER_UNKNOWN")
				return undefined;
			throw error;
		}
	}
}

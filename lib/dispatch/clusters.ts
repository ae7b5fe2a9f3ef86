import type { Archive } from "../archive/archive.js";
import { isArchiverError } from "../errors.js";
import type { Cluster } from "../schema/cluster.js";

/** Where cluster configurations come from when the archive lacks them; another {@link Archive} is one. */
export interface ClusterProvider {
	/** @throws ArchiverError CLUSTER_UNKNOWN */
	loadClusterConfig(name: string): Promise<Cluster>;
}

const REFRESH_MS = 60_000;

/** Cluster configurations by name, read again after a minute so that an edited `cluster.json` comes into force. */
export class ClusterCatalog {
	readonly #archive: Archive;
	readonly #provider: ClusterProvider | undefined;
	readonly #known = new Map<
		string,
		{ cluster: Promise<Cluster>; loadedMs: number }
	>();

	constructor(archive: Archive, provider?: ClusterProvider) {
		this.#archive = archive;
		this.#provider = provider;
	}

	/**
	 * The configuration of `name`, which the archive holds from then on: a cluster's configuration precedes its first job.
	 *
	 * @throws ArchiverError CLUSTER_UNKNOWN, or why the configuration cannot be read or stored.
	 */
	find(name: string): Promise<Cluster> {
		const known = this.#known.get(name);
		const nowMs = performance.now();
		if (known !== undefined && nowMs - known.loadedMs < REFRESH_MS)
			return known.cluster;
		const cluster = this.#load(name);
		this.#known.set(name, { cluster, loadedMs: nowMs });
		cluster.catch(() => this.#known.delete(name));
		return cluster;
	}

	async #load(name: string): Promise<Cluster> {
		try {
			return await this.#archive.loadClusterConfig(name);
		} catch (error) {
			if (
				this.#provider === undefined ||
				!isArchiverError(error) ||
				error.code !== "CLUSTER_UNKNOWN"
			)
				throw error;
		}
		const cluster = await this.#provider.loadClusterConfig(name);
		await this.#archive.storeClusterConfig(name, cluster);
		return cluster;
	}
}

import {
	type CcMetricStoreOptions,
	CcMetricStoreSource,
} from "../../../lib/source/cc-metric-store/source.js";
import {
	MetricStoreServer,
	type StoreOptions,
} from "../../servers/cc-metric-store.js";

export interface RunningStore {
	server: MetricStoreServer;
	source: CcMetricStoreSource;
}

/** A store and a source that asks it, for a test of the surrounding `describe`; both end after the test. */
export function useStore(): (
	store: StoreOptions,
	options?: Partial<CcMetricStoreOptions>,
) => Promise<RunningStore> {
	const open: RunningStore[] = [];
	afterEach(async () => {
		for (const { server, source } of open.splice(0)) {
			await source.close();
			await server.close();
		}
	});
	return async (store, options) => {
		const server = await MetricStoreServer.start(store);
		const source = new CcMetricStoreSource({
			url: server.url,
			retryDelayMs: 1,
			...options,
		});
		open.push({ server, source });
		return { server, source };
	};
}

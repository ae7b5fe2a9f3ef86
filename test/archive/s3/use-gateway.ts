import { CephGateway } from "../../servers/ceph-rgw.js";

/** All tests of a run share one: it takes seconds to start. */
let shared: Promise<CephGateway> | undefined;

after(async () => (await shared?.catch(() => undefined))?.close());

/** A real gateway for the tests of the surrounding `describe`, which are skipped where none is installed. */
export function useGateway(): () => CephGateway {
	let gateway: CephGateway;
	before(async function () {
		CephGateway.need(this);
		shared ??= CephGateway.start();
		gateway = await shared;
	});
	return () => gateway;
}

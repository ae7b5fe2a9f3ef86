/** What a private Ceph cluster of one monitor, one object server and one gateway has to know. */
export interface CephParts {
	/** All state lies there. */
	folder: string;
	clusterId: string;
	monitorAddress: string;
	gatewayPort: number;
}

const MEMORY_BYTES = 2 ** 31;

/** The text of its `ceph.conf`: everything on loopback, objects in memory, one copy, and quick to agree with itself. */
export function cephConfiguration(parts: CephParts): string {
	return Object.entries(sectionsOf(parts))
		.map(([section, settings]) => {
			const lines = Object.entries(settings).map(([k, v]) => `${k} = ${v}`);
			return [`[${section}]`, ...lines, ""].join("\n");
		})
		.join("\n");
}

type Settings = Record<string, string | number | boolean>;

function sectionsOf(parts: CephParts): Record<string, Settings> {
	const { folder, clusterId, monitorAddress, gatewayPort } = parts;
	const keyring = `${folder}/keyring`;
	return {
		global: {
			fsid: clusterId,
			"mon initial members": "a",
			"mon host": `[${monitorAddress}]`,
			"public addr": "127.0.0.1",
			"cluster addr": "127.0.0.1",
			"auth cluster required": "cephx",
			"auth service required": "cephx",
			"auth client required": "cephx",
			"auth allow insecure global id reclaim": false,
			keyring,
			...Object.fromEntries(
				["run dir", "crash dir"].map((name) => [name, `${folder}/run`]),
			),
			"admin socket": `${folder}/run/$name.asok`,
			"log file": `${folder}/run/$name.log`,
			"pid file": `${folder}/run/$name.pid`,
			...oneCopy(),
			"paxos propose interval": 0.02,
			"paxos min wait": 0.01,
			"mon tick interval": 1,
			"ms bind ipv4": true,
			"ms bind ipv6": false,
		},
		mon: {
			keyring,
			"mon data": `${folder}/mon`,
			"mon data avail crit": 1,
			"mon data avail warn": 2,
		},
		"mon.a": { "public addr": monitorAddress.replace(/^v2:|\/0$/g, "") },
		osd: {
			keyring,
			"osd data": `${folder}/osd`,
			"osd objectstore": "memstore",
			"memstore device bytes": MEMORY_BYTES,
			"osd memory target": 939_524_096,
			"osd class load list": "*",
			"osd class default list": "*",
			"osd heartbeat grace": 60,
		},
		client: { "rgw dns name": "localhost" },
		"client.rgw.a": {
			keyring,
			"rgw data": `${folder}/rgw`,
			// Else every answer with a body takes 40 ms more.
			"rgw frontends": `beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1`,
			"rgw enable apis": "s3",
			"rgw thread pool size": 32,
			...Object.fromEntries(
				["gc threads", "lc threads", "quota threads", "usage log"].map(
					(name) => [`rgw enable ${name}`, false],
				),
			),
			"rgw run sync thread": false,
		},
	};
}

function oneCopy(): Settings {
	return {
		"osd pool default size": 1,
		"osd pool default min size": 1,
		"osd pool default pg num": 1,
		"osd pool default pgp num": 1,
		"osd pool default pg autoscale mode": "off",
		"osd pool default flag hashpspool": true,
		"osd crush chooseleaf type": 0,
		"mon allow pool size one": true,
		"mon warn on pool no redundancy": false,
		"mon max pg per osd": 2000,
	};
}

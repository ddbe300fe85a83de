BEGIN TRANSACTION;
CREATE TABLE accounts (
	id VARCHAR(100) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	guild_id INTEGER, 
	user_id INTEGER, 
	window_key VARCHAR(16), 
	window_starts_at DATETIME, 
	window_ends_at DATETIME, 
	credits_posted BIGINT NOT NULL, 
	debits_posted BIGINT NOT NULL, 
	debits_pending BIGINT NOT NULL, 
	adjustments INTEGER NOT NULL, 
	CONSTRAINT pk_accounts PRIMARY KEY (id), 
	CONSTRAINT ck_accounts_kind CHECK (kind IN ('system', 'member', 'budget')), 
	CONSTRAINT ck_accounts_counters CHECK (credits_posted >= 0 AND debits_posted >= 0 AND debits_pending >= 0), 
	CONSTRAINT ck_accounts_available CHECK (credits_posted - debits_posted - debits_pending >= 0)
);
INSERT INTO "accounts" VALUES('mint','system',NULL,NULL,NULL,NULL,NULL,0,0,0,0);
INSERT INTO "accounts" VALUES('songs','system',NULL,NULL,NULL,NULL,NULL,0,0,0,0);
INSERT INTO "accounts" VALUES('member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','member',1576109999858384898,1576109999858384902,'2026-W48','2026-11-23 00:00:00.000000','2026-11-30 00:00:00.000000',600,30,30,1);
INSERT INTO "accounts" VALUES('member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48','member',1576109999858384898,1576109999858384903,'2026-W48','2026-11-23 00:00:00.000000','2026-11-30 00:00:00.000000',600,0,30,1);
INSERT INTO "accounts" VALUES('member:e70159d39026414ba5f0afedf932be2a:2026-W48','member',1576109999858384898,1576109999858384904,'2026-W48','2026-11-23 00:00:00.000000','2026-11-30 00:00:00.000000',600,0,30,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	guild_id INTEGER NOT NULL, 
	actor_id INTEGER NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	subject_id INTEGER, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	reason TEXT, 
	at DATETIME NOT NULL, 
	due_at DATETIME, 
	attempts INTEGER NOT NULL, 
	lease_owner VARCHAR(100), 
	lease_until DATETIME, 
	CONSTRAINT pk_changes PRIMARY KEY (id), 
	CONSTRAINT ck_changes_action CHECK (action IN ('grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', 'everyone_allowance', 'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', 'log_channel', 'model', 'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', 'remove_playlist')), 
	CONSTRAINT ck_changes_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
CREATE TABLE events (
	request_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	move VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	detail TEXT, 
	CONSTRAINT pk_events PRIMARY KEY (request_id, seq), 
	CONSTRAINT ck_events_state CHECK (state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', 'failed', 'expired', 'uncertain', 'cancelled', 'declined')), 
	CONSTRAINT fk_events_request_id FOREIGN KEY(request_id) REFERENCES requests (id)
);
INSERT INTO "events" VALUES(1576110001930371072,1,'place','waiting','2026-11-28 05:38:27.169232',NULL);
INSERT INTO "events" VALUES(1576110001930371072,2,'take','submitting','2026-11-28 05:38:27.279265',NULL);
INSERT INTO "events" VALUES(1576110001930371072,3,'accept','making','2026-11-28 05:38:27.297506','1027c4d1c386bbc4cd613e30d8f16adf');
INSERT INTO "events" VALUES(1576110001930371072,7,'finish','ready','2026-11-28 05:38:27.406794',NULL);
INSERT INTO "events" VALUES(1576110001930371072,8,'deliver','delivered','2026-11-28 05:38:27.606348',NULL);
INSERT INTO "events" VALUES(1576110003905888256,1,'place','waiting','2026-11-28 05:38:27.641318',NULL);
INSERT INTO "events" VALUES(1576110003905888256,2,'take','submitting','2026-11-28 05:38:27.671555',NULL);
INSERT INTO "events" VALUES(1576110003905888256,3,'accept','making','2026-11-28 05:38:27.683542','f06c144a025b413f8a9a021ea648a7dd');
INSERT INTO "events" VALUES(1576110003905888256,5,'fail','failed','2026-11-28 05:38:27.738893','provider: timeout');
INSERT INTO "events" VALUES(1576110004371456000,1,'place','waiting','2026-11-28 05:38:27.752049',NULL);
INSERT INTO "events" VALUES(1576110004371456000,2,'take','submitting','2026-11-28 05:38:27.789515',NULL);
INSERT INTO "events" VALUES(1576110004371456000,3,'doubt','uncertain','2026-11-28 05:38:27.800615','uncertain: ServerDisconnectedError');
INSERT INTO "events" VALUES(1576110010977484800,1,'place','waiting','2026-11-28 05:38:29.326637',NULL);
INSERT INTO "events" VALUES(1576110010977484800,2,'take','submitting','2026-11-28 05:38:32.804494',NULL);
INSERT INTO "events" VALUES(1576110010977484800,3,'refuse','failed','2026-11-28 05:38:32.810495','moderated: code 451: we don''t reference specific artists on Suno');
INSERT INTO "events" VALUES(1576110025766600704,1,'place','waiting','2026-11-28 05:38:32.856488',NULL);
INSERT INTO "events" VALUES(1576110025766600704,2,'take','submitting','2026-11-28 05:38:32.875390',NULL);
INSERT INTO "events" VALUES(1576110025766600704,3,'accept','making','2026-11-28 05:38:32.878390','a9ec0806705fca161622bd795fec898f');
INSERT INTO "events" VALUES(1576110025959538688,1,'place','waiting','2026-11-28 05:38:32.898405',NULL);
INSERT INTO "events" VALUES(1576110025959538688,2,'take','submitting','2026-11-28 05:38:32.914424',NULL);
INSERT INTO "events" VALUES(1576110025959538688,3,'accept','making','2026-11-28 05:38:32.917217','83868a29678a5aa33b6fe5078c5fe8f8');
INSERT INTO "events" VALUES(1576110026139893760,1,'place','waiting','2026-11-28 05:38:32.941430',NULL);
CREATE TABLE guild_settings (
	guild_id INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	paused BOOLEAN NOT NULL, 
	CONSTRAINT pk_guild_settings PRIMARY KEY (guild_id)
);
INSERT INTO "guild_settings" VALUES(1576109999858384898,'{"allowance": null, "period": null, "roles": {}, "budget": null, "max_active": null, "cooldown_s": null, "model": null, "requests_channel_id": null, "results_channel_id": null, "approval_channel_id": null, "log_channel_id": null, "paused": null, "has_playlists": false}',0);
CREATE TABLE guilds (
	guild_id INTEGER NOT NULL, 
	last_turn_at DATETIME, left_at DATETIME, 
	CONSTRAINT pk_guilds PRIMARY KEY (guild_id)
);
INSERT INTO "guilds" VALUES(1576109999858384898,'2026-11-28 05:38:32.916309',NULL);
CREATE TABLE members (
	guild_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	active INTEGER NOT NULL, 
	last_placed_at DATETIME, 
	pseudonym VARCHAR(50) NOT NULL, 
	allowance BIGINT, 
	blocked TEXT, 
	reset_in VARCHAR(16), 
	resets INTEGER NOT NULL, 
	forget_at DATETIME, last_turn_at DATETIME, 
	CONSTRAINT pk_members PRIMARY KEY (guild_id, user_id), 
	CONSTRAINT uq_members_pseudonym UNIQUE (pseudonym), 
	CONSTRAINT ck_members_active CHECK (active >= 0), 
	CONSTRAINT ck_members_allowance CHECK (allowance >= 0)
);
INSERT INTO "members" VALUES(1576109999858384898,1576109999858384902,1,'2026-11-28 05:38:32.856488','927e3ffa5ac54d13880682335dcbaf54',NULL,NULL,NULL,0,NULL,'2026-11-28 05:38:32.877806');
INSERT INTO "members" VALUES(1576109999858384898,1576109999858384903,1,'2026-11-28 05:38:32.898405','30fe3a10263d43e2b2f1f35f5ad29e28',NULL,NULL,NULL,0,NULL,'2026-11-28 05:38:32.916309');
INSERT INTO "members" VALUES(1576109999858384898,1576109999858384904,1,'2026-11-28 05:38:32.941430','e70159d39026414ba5f0afedf932be2a',NULL,NULL,NULL,0,NULL,NULL);
CREATE TABLE memos (
	"key" VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_memos PRIMARY KEY ("key")
);
INSERT INTO "memos" VALUES('opened_at','2026-11-28T05:38:26.987040+00:00');
INSERT INTO "memos" VALUES('commands','fb31216369cc89af40e69c6035932b08b9b50b1a34d1e92e44fb74d9b7450058');
INSERT INTO "memos" VALUES('gate','{"learned":2,"trouble":null,"failures":0,"shut_until":null,"halted":false}');
CREATE TABLE notices (
	request_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	due_at DATETIME, 
	again_at DATETIME, 
	not_before DATETIME, 
	version INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	said TEXT, 
	intent TEXT, 
	lease_owner VARCHAR(100), 
	lease_until DATETIME, 
	CONSTRAINT pk_notices PRIMARY KEY (request_id, kind), 
	CONSTRAINT ck_notices_kind CHECK (kind IN ('status', 'result', 'approval')), 
	CONSTRAINT ck_notices_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL)), 
	CONSTRAINT fk_notices_request_id FOREIGN KEY(request_id) REFERENCES requests (id)
);
INSERT INTO "notices" VALUES(1576110001930371072,'status',NULL,NULL,'2026-11-28 05:38:27.660311',7,0,'3|- 0 delivered 1 None https://discord.com/channels/1576109999858384898/1576109999858384900/1576110003457097728 False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110001930371072,'result',NULL,NULL,'2026-11-28 05:38:27.615497',3,0,NULL,NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110003905888256,'status',NULL,NULL,'2026-11-28 05:38:27.770780',5,0,'2|- 0 failed 0 None None False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110004371456000,'status',NULL,NULL,'2026-11-28 05:38:27.844816',3,0,'1|- 0 uncertain 0 None None False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110010977484800,'status',NULL,NULL,'2026-11-28 05:38:32.873822',3,0,'1|- 0 failed 0 None None False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110025766600704,'status','2026-11-28 05:38:49.475599',NULL,'2026-11-28 05:38:32.917936',3,0,'1|- 0 making 0 None None False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110025959538688,'status','2026-11-28 05:38:49.514102',NULL,'2026-11-28 05:38:32.960980',3,0,'1|- 0 making 0 None None False False None',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(1576110026139893760,'status','2026-11-28 05:38:52.941430',NULL,'2026-11-28 05:38:32.961430',1,0,'0 0 waiting 0 None None False False None',NULL,NULL,NULL);
CREATE TABLE playlists (
	guild_id INTEGER NOT NULL, 
	"key" VARCHAR(100) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	playlist_id VARCHAR(36) NOT NULL, 
	added_by INTEGER NOT NULL, 
	added_at DATETIME NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT pk_playlists PRIMARY KEY (guild_id, "key")
);
CREATE TABLE processes (
	id VARCHAR(100) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	alive_until DATETIME NOT NULL, 
	CONSTRAINT pk_processes PRIMARY KEY (id)
);
CREATE TABLE ratings (
	request_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	stars INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_ratings PRIMARY KEY (request_id, user_id), 
	CONSTRAINT ck_ratings_stars CHECK (stars BETWEEN 1 AND 5), 
	CONSTRAINT fk_ratings_request_id FOREIGN KEY(request_id) REFERENCES requests (id)
);
CREATE TABLE requests (
	id INTEGER NOT NULL, 
	guild_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	playlist_id VARCHAR(36) NOT NULL, 
	model VARCHAR(50) NOT NULL, 
	prompt TEXT, 
	style_weight FLOAT, 
	audio_weight FLOAT, 
	weirdness FLOAT, 
	persona_id VARCHAR(100), 
	artist_clip_id VARCHAR(36), 
	cost INTEGER NOT NULL, 
	policy JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	version INTEGER NOT NULL, 
	lease_owner VARCHAR(100), 
	lease_until DATETIME, 
	next_at DATETIME, 
	placed_at DATETIME NOT NULL, 
	accepted_at DATETIME, 
	ended_at DATETIME, 
	task_id TEXT, 
	watch JSON, 
	clips JSON, 
	partial BOOLEAN NOT NULL, 
	failure_kind VARCHAR(32), 
	failure_detail TEXT, 
	application_id INTEGER NOT NULL, 
	channel_id INTEGER NOT NULL, 
	message_id INTEGER, 
	token TEXT, 
	token_until DATETIME NOT NULL, 
	attachment_limit BIGINT NOT NULL, 
	may_post BOOLEAN NOT NULL, 
	result_channel_id INTEGER, 
	result_message_id INTEGER, delivery_channel_id INTEGER, approval_channel_id INTEGER, approval_message_id INTEGER, removed_at DATETIME, 
	CONSTRAINT pk_requests PRIMARY KEY (id), 
	CONSTRAINT ck_requests_state CHECK (state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', 'failed', 'expired', 'uncertain', 'cancelled', 'declined')), 
	CONSTRAINT ck_requests_cost CHECK (cost > 0), 
	CONSTRAINT ck_requests_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
INSERT INTO "requests" VALUES(1576110001930371072,1576109999858384898,1576109999858384902,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55','the last bus home',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','delivered',8,NULL,NULL,NULL,'2026-11-28 05:38:27.169232','2026-11-28 05:38:27.295035','2026-11-28 05:38:27.405273','1027c4d1c386bbc4cd613e30d8f16adf','{"progress_at": "2026-11-28T05:38:27.352073Z", "mark": "running 008a05a6=complete 9755d4c1=streaming", "clips": [{"id": "008a05a6-c464-4159-8324-c9859b810e76", "stage": "complete", "title": "[Open Road](home)", "duration_s": 102.62, "tags": ["lo-fi", "mellow", "dusty keys", "vinyl warmth", "dreamy"], "audio_url": "http://127.0.0.1:39075/media/008a05a6-c464-4159-8324-c9859b810e76.mp3", "image_url": "http://127.0.0.1:39075/media/image_008a05a6-c464-4159-8324-c9859b810e76.jpeg", "model": "v5"}], "first_clip_at": "2026-11-28T05:38:27.352073Z", "settling_at": null, "empty_replies": 0}','[{"id": "008a05a6-c464-4159-8324-c9859b810e76", "stage": "complete", "title": "[Open Road](home)", "duration_s": 102.62, "tags": ["lo-fi", "mellow", "dusty keys", "vinyl warmth", "dreamy"], "audio_url": "http://127.0.0.1:39075/media/008a05a6-c464-4159-8324-c9859b810e76.mp3", "image_url": "http://127.0.0.1:39075/media/image_008a05a6-c464-4159-8324-c9859b810e76.jpeg", "model": "v5"}, {"id": "9755d4c1-3a90-4931-8d44-7e35b8b6d8fe", "stage": "complete", "title": "[Open Road](home)", "duration_s": 125.07, "tags": ["lo-fi", "mellow", "dusty keys", "vinyl warmth", "dreamy"], "audio_url": "http://127.0.0.1:39075/media/9755d4c1-3a90-4931-8d44-7e35b8b6d8fe.mp3", "image_url": "http://127.0.0.1:39075/media/image_9755d4c1-3a90-4931-8d44-7e35b8b6d8fe.jpeg", "model": "v5"}]',0,NULL,NULL,1576109999858384896,1576109999858384900,1576110002236555264,NULL,'2026-11-28 05:52:57.169232',10485760,1,1576109999858384900,1576110003457097728,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110003905888256,1576109999858384898,1576109999858384902,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','failed',5,NULL,NULL,NULL,'2026-11-28 05:38:27.641318','2026-11-28 05:38:27.680753','2026-11-28 05:38:27.736883','f06c144a025b413f8a9a021ea648a7dd','{"progress_at": "2026-11-28T05:38:27.680753Z", "mark": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0}',NULL,0,'provider','timeout',1576109999858384896,1576109999858384900,1576110003981385728,NULL,'2026-11-28 05:52:57.641318',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110004371456000,1576109999858384898,1576109999858384902,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','uncertain',3,NULL,NULL,NULL,'2026-11-28 05:38:27.752049',NULL,'2026-11-28 05:38:27.800107',NULL,NULL,NULL,0,'uncertain','ServerDisconnectedError',1576109999858384896,1576109999858384900,1576110004467924992,NULL,'2026-11-28 05:52:57.752049',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110010977484800,1576109999858384898,1576109999858384903,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55','like somebody',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','failed',3,NULL,NULL,NULL,'2026-11-28 05:38:29.326637',NULL,'2026-11-28 05:38:32.809771',NULL,NULL,NULL,0,'moderated','code 451: we don''t reference specific artists on Suno',1576109999858384896,1576109999858384900,1576110011048787968,NULL,'2026-11-28 05:52:59.326637',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110025766600704,1576109999858384898,1576109999858384902,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55','still being made',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','making',5,NULL,NULL,'2026-11-28 05:38:32.984860','2026-11-28 05:38:32.856488','2026-11-28 05:38:32.877806',NULL,'a9ec0806705fca161622bd795fec898f','{"progress_at": "2026-11-28T05:38:32.936490Z", "mark": "queued", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0}',NULL,0,NULL,NULL,1576109999858384896,1576109999858384900,1576110025816932352,'Q8Z4kpqYgC2HCveB9zmAy2VmRfOp4aR7Scf06usfKVFd3V3M6fEDZPLmLYdKns-aO15-n2TtRC-ZIm-zJrx4xjkGe_xW-Zq4ok_0A5HN5cbxHpymCje4Fr-4QrrWvb-7fLXYs55mR0E6T9VAOokTWy_BAyFYHRHhr8iZsOJgrEo','2026-11-28 05:53:02.856488',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110025959538688,1576109999858384898,1576109999858384903,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','making',3,NULL,NULL,'2026-11-28 05:38:32.966309','2026-11-28 05:38:32.898405','2026-11-28 05:38:32.916309',NULL,'83868a29678a5aa33b6fe5078c5fe8f8','{"progress_at": "2026-11-28T05:38:32.916309Z", "mark": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0}',NULL,0,NULL,NULL,1576109999858384896,1576109999858384900,1576110025980510208,'7cEYQ0IuIo9OktuNRZsUReVbuJmqVMKd_Nm2neEbh8BaAVXI6nfZ1Kggs5xBWEsNpuEm4vT8k-oJyBqqW24r4yd1tx9Ty6egB4OPdoyk85UZIRflhAN-LNKslqueRpv_NcNQhefCkvn0uHWWeLxf6CBM_k0d36-jZXm5ni7joAg','2026-11-28 05:53:02.898405',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES(1576110026139893760,1576109999858384898,1576109999858384904,'119573ff-8e48-4c1b-9a52-6f0d3be7a401','v55','in line',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','waiting',1,NULL,NULL,NULL,'2026-11-28 05:38:32.941430',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,1576109999858384896,1576109999858384900,1576110026173448192,'gQsNOsRJxC8NJunCNvastbTgxA37SEiemveAj5JK-aO0buJo351ZYYexZjB-EFjuT-xvlMrBriJpaYTZB_2zpTOplT__PhtRdgb2sfuSS3Rlyj4SM9FItQteXv_2eR0x3q8N5i27HLewbBsJwNMyS8JBN_Mfn7MZbLDR1OEkj64','2026-11-28 05:53:02.941430',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE shards (
	shard_id INTEGER NOT NULL, 
	shard_count INTEGER NOT NULL, 
	process_id VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_shards PRIMARY KEY (shard_id), 
	CONSTRAINT ck_shards_shard_id CHECK (shard_id >= 0 AND shard_id < shard_count), 
	CONSTRAINT fk_shards_process_id FOREIGN KEY(process_id) REFERENCES processes (id) ON DELETE CASCADE
);
CREATE TABLE timings (
	model VARCHAR(50) NOT NULL, 
	count INTEGER NOT NULL, 
	mean FLOAT NOT NULL, 
	squares FLOAT NOT NULL, 
	CONSTRAINT pk_timings PRIMARY KEY (model)
);
INSERT INTO "timings" VALUES('v55',1,0.0,0.0);
CREATE TABLE transfers (
	id VARCHAR(110) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	debit VARCHAR(100) NOT NULL, 
	credit VARCHAR(100) NOT NULL, 
	amount BIGINT NOT NULL, 
	pending_id VARCHAR(110), 
	request_id INTEGER, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_transfers PRIMARY KEY (id), 
	CONSTRAINT ck_transfers_kind CHECK (kind IN ('single', 'pending', 'post', 'void')), 
	CONSTRAINT ck_transfers_amount CHECK (amount > 0), 
	CONSTRAINT ck_transfers_pending_id CHECK ((kind IN ('post', 'void')) = (pending_id IS NOT NULL)), 
	CONSTRAINT fk_transfers_debit FOREIGN KEY(debit) REFERENCES accounts (id), 
	CONSTRAINT fk_transfers_credit FOREIGN KEY(credit) REFERENCES accounts (id), 
	CONSTRAINT uq_transfers_pending_id UNIQUE (pending_id), 
	CONSTRAINT fk_transfers_pending_id FOREIGN KEY(pending_id) REFERENCES transfers (id)
);
INSERT INTO "transfers" VALUES('allowance:member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','single','mint','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48',600,NULL,NULL,'allowance','2026-11-28 05:38:27.169232');
INSERT INTO "transfers" VALUES('hold:1576110001930371072','pending','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,NULL,1576110001930371072,'song','2026-11-28 05:38:27.169232');
INSERT INTO "transfers" VALUES('post:1576110001930371072','post','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,'hold:1576110001930371072',1576110001930371072,'song','2026-11-28 05:38:27.405273');
INSERT INTO "transfers" VALUES('hold:1576110003905888256','pending','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,NULL,1576110003905888256,'song','2026-11-28 05:38:27.641318');
INSERT INTO "transfers" VALUES('void:1576110003905888256','void','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,'hold:1576110003905888256',1576110003905888256,'song','2026-11-28 05:38:27.736883');
INSERT INTO "transfers" VALUES('hold:1576110004371456000','pending','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,NULL,1576110004371456000,'song','2026-11-28 05:38:27.752049');
INSERT INTO "transfers" VALUES('void:1576110004371456000','void','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,'hold:1576110004371456000',1576110004371456000,'song','2026-11-28 05:38:27.800107');
INSERT INTO "transfers" VALUES('allowance:member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48','single','mint','member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48',600,NULL,NULL,'allowance','2026-11-28 05:38:29.326637');
INSERT INTO "transfers" VALUES('hold:1576110010977484800','pending','member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48','songs',30,NULL,1576110010977484800,'song','2026-11-28 05:38:29.326637');
INSERT INTO "transfers" VALUES('void:1576110010977484800','void','member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48','songs',30,'hold:1576110010977484800',1576110010977484800,'song','2026-11-28 05:38:32.809771');
INSERT INTO "transfers" VALUES('hold:1576110025766600704','pending','member:927e3ffa5ac54d13880682335dcbaf54:2026-W48','songs',30,NULL,1576110025766600704,'song','2026-11-28 05:38:32.856488');
INSERT INTO "transfers" VALUES('hold:1576110025959538688','pending','member:30fe3a10263d43e2b2f1f35f5ad29e28:2026-W48','songs',30,NULL,1576110025959538688,'song','2026-11-28 05:38:32.898405');
INSERT INTO "transfers" VALUES('allowance:member:e70159d39026414ba5f0afedf932be2a:2026-W48','single','mint','member:e70159d39026414ba5f0afedf932be2a:2026-W48',600,NULL,NULL,'allowance','2026-11-28 05:38:32.941430');
INSERT INTO "transfers" VALUES('hold:1576110026139893760','pending','member:e70159d39026414ba5f0afedf932be2a:2026-W48','songs',30,NULL,1576110026139893760,'song','2026-11-28 05:38:32.941430');
CREATE INDEX ix_requests_state_placed_at ON requests (state, placed_at);
CREATE INDEX ix_requests_guild_id_user_id_state ON requests (guild_id, user_id, state);
CREATE INDEX ix_requests_next_at ON requests (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_requests_lease_until ON requests (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX ix_requests_token_until ON requests (token_until) WHERE token IS NOT NULL;
CREATE INDEX ix_requests_ended_at ON requests (ended_at) WHERE prompt IS NOT NULL;
CREATE INDEX ix_accounts_guild_id_user_id ON accounts (guild_id, user_id);
CREATE INDEX ix_transfers_debit ON transfers (debit);
CREATE INDEX ix_transfers_credit ON transfers (credit);
CREATE INDEX ix_transfers_request_id ON transfers (request_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_members_forget_at ON members (forget_at) WHERE forget_at IS NOT NULL;
CREATE INDEX ix_notices_due_at ON notices (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_notices_lease_until ON notices (lease_until) WHERE lease_until IS NOT NULL;
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE INDEX ix_shards_process_id ON shards (process_id);
CREATE INDEX ix_requests_in_line ON requests (state, guild_id, user_id) WHERE state IN ('waiting', 'submitting', 'making');
CREATE INDEX ix_guild_settings_paused ON guild_settings (paused) WHERE paused;
CREATE INDEX ix_changes_guild_id_subject_id ON changes (guild_id, subject_id);
CREATE INDEX ix_changes_due_at ON changes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_changes_lease_until ON changes (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX ix_ratings_user_id ON ratings (user_id);
COMMIT;

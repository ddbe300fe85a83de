BEGIN TRANSACTION;
CREATE TABLE "accounts" (
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
	CONSTRAINT ck_accounts_counters CHECK (credits_posted >= 0 AND debits_posted >= 0 AND debits_pending >= 0), 
	CONSTRAINT ck_accounts_available CHECK (credits_posted - debits_posted - debits_pending >= 0), 
	CONSTRAINT ck_accounts_kind CHECK (kind IN ('system', 'member', 'budget', 'server_cap', 'total_cap'))
);
INSERT INTO "accounts" VALUES('mint','system',NULL,NULL,NULL,NULL,NULL,0,0,0,0);
INSERT INTO "accounts" VALUES('songs','system',NULL,NULL,NULL,NULL,NULL,0,0,0,0);
INSERT INTO "accounts" VALUES('member:eaebec35f79647048ad66759488538f2:2026-W47','member',100000000000000000,100000000000000003,'2026-W47','2026-11-16 00:00:00.000000','2026-11-23 00:00:00.000000',600,30,30,1);
INSERT INTO "accounts" VALUES('member:aa6e75433f544141b18f4545b8a85890:2026-W47','member',100000000000000000,100000000000000007,'2026-W47','2026-11-16 00:00:00.000000','2026-11-23 00:00:00.000000',600,60,30,1);
INSERT INTO "accounts" VALUES('member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47','member',100000000000000000,100000000000000004,'2026-W47','2026-11-16 00:00:00.000000','2026-11-23 00:00:00.000000',600,0,30,1);
INSERT INTO "accounts" VALUES('member:da998f20484a4ec8bc2336ff6de85527:2026-W47','member',100000000000000000,100000000000000006,'2026-W47','2026-11-16 00:00:00.000000','2026-11-23 00:00:00.000000',600,0,30,1);
INSERT INTO "accounts" VALUES('bonus:eaebec35f79647048ad66759488538f2','member',100000000000000000,100000000000000003,NULL,NULL,NULL,60,0,0,0);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0025');
CREATE TABLE "audit_log" (
	id INTEGER NOT NULL, 
	guild_id INTEGER NOT NULL, 
	actor_id INTEGER NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	subject_id INTEGER, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	reason TEXT, 
	at DATETIME NOT NULL, is_unread BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_audit_log PRIMARY KEY (id), 
	CONSTRAINT ck_audit_log_action CHECK (action IN ('grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', 'everyone_allowance', 'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', 'log_channel', 'model', 'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', 'remove_playlist', 'default_playlist', 'showcase', 'only_saved', 'words', 'close', 'open', 'next'))
);
INSERT INTO "audit_log" VALUES(1000000000000000013,100000000000000000,100000000000000005,'grant',100000000000000003,'{}','{"credits": 60}','a prize','2026-11-19 14:05:13.000000',0);
CREATE TABLE credit_caps (
	guild_id INTEGER NOT NULL, 
	credits BIGINT, 
	period VARCHAR(8), 
	opened_in VARCHAR(16) NOT NULL, 
	opened_at DATETIME, 
	spent_before BIGINT NOT NULL, 
	told_of VARCHAR(40) NOT NULL, 
	told INTEGER NOT NULL, 
	CONSTRAINT pk_credit_caps PRIMARY KEY (guild_id), 
	CONSTRAINT ck_credit_caps_credits CHECK (credits >= 0), 
	CONSTRAINT ck_credit_caps_spent_before CHECK (spent_before >= 0), 
	CONSTRAINT ck_credit_caps_opened CHECK ((period IS NULL) = (opened_at IS NULL))
);
CREATE TABLE daily_usage (
	guild_id INTEGER NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	"key" VARCHAR(50) NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	songs INTEGER NOT NULL, 
	credits BIGINT NOT NULL, requests INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_daily_usage PRIMARY KEY (guild_id, kind, "key", day)
)
 WITHOUT ROWID

;
INSERT INTO "daily_usage" VALUES(100000000000000000,'failure','cancelled','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'failure','moderated','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'failure','provider','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'failure','uncertain','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'failure','undecided','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'member','100000000000000003','2026-11-19',1,30,5);
INSERT INTO "daily_usage" VALUES(100000000000000000,'member','100000000000000004','2026-11-19',0,0,1);
INSERT INTO "daily_usage" VALUES(100000000000000000,'member','100000000000000007','2026-11-19',2,60,2);
INSERT INTO "daily_usage" VALUES(100000000000000000,'model','v55','2026-11-19',3,90,8);
INSERT INTO "daily_usage" VALUES(100000000000000000,'playlist','119573ff-8e48-4c1d-9a1b-0123456789ab','2026-11-19',3,90,8);
INSERT INTO "daily_usage" VALUES(100000000000000000,'server','','2026-11-19',3,90,8);
CREATE TABLE duration_stats (
	model VARCHAR(50) NOT NULL, 
	count INTEGER NOT NULL, 
	mean FLOAT NOT NULL, 
	sum_of_squares FLOAT NOT NULL, 
	CONSTRAINT pk_duration_stats PRIMARY KEY (model)
);
INSERT INTO "duration_stats" VALUES('v55',3,3.43398720448514627179e+00,0.0);
CREATE TABLE "events" (
	request_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	transition VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	at DATETIME NOT NULL, 
	detail TEXT, 
	CONSTRAINT pk_events PRIMARY KEY (request_id, seq), 
	CONSTRAINT fk_events_request_id FOREIGN KEY(request_id) REFERENCES requests (id), 
	CONSTRAINT ck_events_state CHECK (state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', 'failed', 'expired', 'uncertain', 'cancelled', 'declined'))
);
INSERT INTO "events" VALUES(1000000000000000001,1,'place','awaiting','2026-11-18 12:00:00.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000001,3,'expire_approval','expired','2026-11-19 13:00:00.000000','undecided: no moderator decided in time');
INSERT INTO "events" VALUES(1000000000000000002,1,'place','awaiting','2026-11-19 13:00:00.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000002,2,'cancel_unapproved','cancelled','2026-11-19 13:00:00.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000003,1,'place','waiting','2026-11-19 13:00:00.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000003,2,'claim','submitting','2026-11-19 13:00:00.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000003,3,'accept','making','2026-11-19 13:00:00.000000','task-1');
INSERT INTO "events" VALUES(1000000000000000003,5,'finish','ready','2026-11-19 13:00:31.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000003,6,'deliver','delivered','2026-11-19 13:00:31.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000004,1,'place','waiting','2026-11-19 13:00:41.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000004,2,'claim','submitting','2026-11-19 13:00:41.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000004,3,'accept','making','2026-11-19 13:00:41.000000','task-2');
INSERT INTO "events" VALUES(1000000000000000004,5,'fail','failed','2026-11-19 13:01:11.000000','provider: timeout');
INSERT INTO "events" VALUES(1000000000000000005,1,'place','waiting','2026-11-19 13:01:21.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000005,2,'claim','submitting','2026-11-19 13:01:21.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000005,3,'accept','making','2026-11-19 13:01:21.000000','task-3');
INSERT INTO "events" VALUES(1000000000000000005,5,'finish','ready','2026-11-19 13:01:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000005,6,'fail_delivery','undeliverable','2026-11-19 13:01:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000006,1,'place','waiting','2026-11-19 13:02:02.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000006,2,'claim','submitting','2026-11-19 13:02:02.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000006,3,'mark_uncertain','uncertain','2026-11-19 13:02:02.000000','uncertain: ServerDisconnectedError');
INSERT INTO "events" VALUES(1000000000000000007,1,'place','waiting','2026-11-19 13:02:12.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000007,2,'claim','submitting','2026-11-19 13:02:12.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000007,3,'refuse','failed','2026-11-19 13:02:12.000000','moderated: code 451: we don''t reference specific artists on Suno');
INSERT INTO "events" VALUES(1000000000000000008,1,'place','waiting','2026-11-19 14:03:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000008,2,'claim','submitting','2026-11-19 14:03:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000008,3,'accept','making','2026-11-19 14:03:52.000000','task-6');
INSERT INTO "events" VALUES(1000000000000000009,1,'place','waiting','2026-11-19 14:03:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000009,2,'claim','submitting','2026-11-19 14:03:52.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000009,3,'accept','making','2026-11-19 14:03:52.000000','task-7');
INSERT INTO "events" VALUES(1000000000000000010,1,'place','waiting','2026-11-19 14:04:32.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000010,2,'claim','submitting','2026-11-19 14:04:32.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000010,3,'accept','making','2026-11-19 14:04:32.000000','task-8');
INSERT INTO "events" VALUES(1000000000000000010,5,'finish','ready','2026-11-19 14:05:03.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000011,1,'place','waiting','2026-11-19 14:05:13.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000011,2,'claim','submitting','2026-11-19 14:05:13.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000011,3,'requeue','waiting','2026-11-19 14:05:13.000000',NULL);
INSERT INTO "events" VALUES(1000000000000000012,1,'place','awaiting','2026-11-19 14:05:13.000000',NULL);
CREATE TABLE guild_settings (
	guild_id INTEGER NOT NULL, 
	settings JSON NOT NULL, 
	paused BOOLEAN NOT NULL, 
	CONSTRAINT pk_guild_settings PRIMARY KEY (guild_id)
);
INSERT INTO "guild_settings" VALUES(100000000000000000,'{"allowance": null, "period": null, "roles": {}, "budget": null, "max_active": null, "cooldown_s": null, "model": null, "requests_channel_id": null, "results_channel_id": null, "approval_channel_id": 100000000000000051, "log_channel_id": 100000000000000061, "paused": null, "has_playlists": false}',0);
CREATE TABLE guilds (
	guild_id INTEGER NOT NULL, 
	last_turn_at DATETIME, left_at DATETIME, welcome TEXT, 
	CONSTRAINT pk_guilds PRIMARY KEY (guild_id)
);
INSERT INTO "guilds" VALUES(100000000000000000,'2026-11-19 14:04:32.000000',NULL,NULL);
CREATE TABLE key_values (
	"key" VARCHAR(100) NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_key_values PRIMARY KEY ("key")
);
INSERT INTO "key_values" VALUES('opened_at','2026-11-28T09:47:04.867831+00:00');
INSERT INTO "key_values" VALUES('circuit_breaker','{"capacity": 9, "outage": "outage", "failures": 1, "open_until": "2026-11-19T14:05:18Z", "paused_by_operator": false, "suspicion": null, "failed_at": null, "turned_away": []}');
INSERT INTO "key_values" VALUES('guilds_in_use','{"100000000000000009": "2026-11-19T14:05:13+00:00"}');
INSERT INTO "key_values" VALUES('command_guilds','[100000000000000009]');
CREATE TABLE loves (
	request_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	clip INTEGER NOT NULL, 
	is_loved BOOLEAN NOT NULL, 
	press_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_loves PRIMARY KEY (request_id, user_id, clip), 
	CONSTRAINT ck_loves_clip CHECK (clip BETWEEN 1 AND 2), 
	CONSTRAINT fk_loves_request_id FOREIGN KEY(request_id) REFERENCES requests (id)
);
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
	erase_at DATETIME, last_turn_at DATETIME, failures INTEGER DEFAULT '0' NOT NULL, backoff_until DATETIME, placed_today INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (guild_id, user_id), 
	CONSTRAINT uq_members_pseudonym UNIQUE (pseudonym), 
	CONSTRAINT ck_members_active CHECK (active >= 0), 
	CONSTRAINT ck_members_allowance CHECK (allowance >= 0)
);
INSERT INTO "members" VALUES(100000000000000000,100000000000000003,1,'2026-11-19 14:03:52.000000','eaebec35f79647048ad66759488538f2',NULL,NULL,NULL,0,NULL,'2026-11-19 14:03:52.000000',4,'2026-11-19 13:04:02.000000',0);
INSERT INTO "members" VALUES(100000000000000000,100000000000000007,1,'2026-11-19 14:05:13.000000','aa6e75433f544141b18f4545b8a85890',NULL,NULL,NULL,0,NULL,'2026-11-19 14:04:32.000000',0,NULL,0);
INSERT INTO "members" VALUES(100000000000000000,100000000000000004,1,'2026-11-19 14:03:52.000000','b3b6d406b5f14ad1ba247b83f9156f91',NULL,NULL,NULL,0,NULL,'2026-11-19 14:03:52.000000',1,'2026-11-19 13:02:12.000000',0);
INSERT INTO "members" VALUES(100000000000000000,100000000000000006,1,'2026-11-19 14:05:13.000000','da998f20484a4ec8bc2336ff6de85527',NULL,NULL,NULL,0,NULL,NULL,0,NULL,0);
CREATE TABLE outbox (
	source_id INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	due_at DATETIME, 
	again_at DATETIME, 
	not_before DATETIME, 
	version INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	sent TEXT, 
	delivery_attempt TEXT, 
	lease_owner VARCHAR(100), 
	lease_until DATETIME, guild_id INTEGER DEFAULT '0' NOT NULL, is_urgent BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (source_id, kind), 
	CONSTRAINT ck_outbox_kind CHECK (kind IN ('status', 'result', 'approval', 'audit', 'showcase', 'welcome', 'digest')), 
	CONSTRAINT ck_outbox_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
INSERT INTO "outbox" VALUES(1000000000000000001,'approval',NULL,NULL,'2026-11-19 13:00:04.000000',5,0,'expired',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000001,'status',NULL,NULL,'2026-11-19 13:00:04.000000',3,0,'1|- 0 expired 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000002,'approval',NULL,NULL,'2026-11-19 13:00:08.000000',5,0,'cancelled',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000002,'status',NULL,NULL,'2026-11-19 13:00:08.000000',3,0,'1|- 0 cancelled 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000003,'status',NULL,NULL,'2026-11-19 13:00:45.000000',7,0,'3|- 0 delivered 0 None https://discord.com/channels/100000000000000000/100000000000000001/3 False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000003,'result',NULL,NULL,'2026-11-19 13:00:31.000000',3,0,NULL,NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000004,'status',NULL,NULL,'2026-11-19 13:01:25.000000',3,0,'1|- 0 failed 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000005,'status',NULL,NULL,'2026-11-19 13:02:06.000000',7,0,'3|- 0 undeliverable 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000005,'result',NULL,NULL,'2026-11-19 13:01:52.000000',3,0,NULL,NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000006,'status',NULL,NULL,'2026-11-19 13:02:16.000000',3,0,'1|- 0 uncertain 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000007,'status',NULL,NULL,'2026-11-19 14:03:56.000000',3,0,'1|- 0 failed 0 None None False False None',NULL,NULL,NULL,100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000008,'status',NULL,NULL,'2026-11-19 14:05:07.000000',7,0,'1|- 0 making 1 None None False False None',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000009,'status',NULL,NULL,'2026-11-19 14:05:07.000000',7,0,'3|- 3 making 0 None None False False None',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000010,'status','2026-11-19 14:05:13.476118',NULL,'2026-11-19 14:05:07.000000',5,0,'2|- 1 making 0 None None False False None',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000010,'result','2026-11-19 14:05:03.000000',NULL,NULL,2,0,NULL,'channel 2026-11-19T14:05:03+00:00','w1','2026-11-19 14:08:03.000000',100000000000000000,1);
INSERT INTO "outbox" VALUES(1000000000000000011,'status','2026-11-19 14:05:17.000000',NULL,'2026-11-19 14:05:17.000000',1,0,'0 0 waiting 0 None None False False None',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000012,'approval','2026-11-19 14:05:13.000000',NULL,NULL,1,0,NULL,NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000012,'status','2026-11-19 14:05:33.000000',NULL,'2026-11-19 14:05:17.000000',1,0,'- 0 awaiting 0 None None False False None',NULL,NULL,NULL,100000000000000000,0);
INSERT INTO "outbox" VALUES(1000000000000000013,'audit','2026-11-19 14:05:13.000000',NULL,NULL,1,0,NULL,NULL,NULL,NULL,100000000000000000,0);
CREATE TABLE playlists (
	guild_id INTEGER NOT NULL, 
	"key" VARCHAR(100) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	playlist_id VARCHAR(36) NOT NULL, 
	added_by INTEGER NOT NULL, 
	added_at DATETIME NOT NULL, 
	used_at DATETIME, songs INTEGER DEFAULT '0' NOT NULL, loves INTEGER DEFAULT '0' NOT NULL, failures INTEGER DEFAULT '0' NOT NULL, last_failure VARCHAR(32), failed_at DATETIME, 
	CONSTRAINT pk_playlists PRIMARY KEY (guild_id, "key")
);
CREATE TABLE processes (
	id VARCHAR(100) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	alive_until DATETIME NOT NULL, 
	CONSTRAINT pk_processes PRIMARY KEY (id)
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
	progress JSON, 
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
	result_message_id INTEGER, delivery_channel_id INTEGER, approval_channel_id INTEGER, approval_message_id INTEGER, removed_at DATETIME, prompt_erased_at DATETIME, lyrics JSON, origin_id INTEGER, origin_clip INTEGER, moved_at DATETIME, loves INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_requests PRIMARY KEY (id), 
	CONSTRAINT ck_requests_state CHECK (state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', 'failed', 'expired', 'uncertain', 'cancelled', 'declined')), 
	CONSTRAINT ck_requests_cost CHECK (cost > 0), 
	CONSTRAINT ck_requests_lease CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
INSERT INTO "requests" VALUES(1000000000000000001,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','expired',3,NULL,NULL,NULL,'2026-11-18 12:00:00.000000',NULL,'2026-11-19 13:00:00.000000',NULL,NULL,NULL,0,'undecided','no moderator decided in time',100000000000000002,100000000000000001,1100000000000000001,NULL,'2026-11-18 12:14:30.000000',10485760,1,NULL,NULL,NULL,100000000000000051,1,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000002,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','cancelled',2,NULL,NULL,NULL,'2026-11-19 13:00:00.000000',NULL,'2026-11-19 13:00:00.000000',NULL,NULL,NULL,0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000002,NULL,'2026-11-19 13:14:30.000000',10485760,1,NULL,NULL,NULL,100000000000000051,2,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000003,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','the last bus home',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','delivered',6,NULL,NULL,NULL,'2026-11-19 13:00:00.000000','2026-11-19 13:00:00.000000','2026-11-19 13:00:31.000000','task-1','{"progress_at": "2026-11-19T13:00:00Z", "fingerprint": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0, "asked_at": null, "unanswered_s": 0.0, "unknown_s": null, "was_away": false}','[{"id": "894a24f2-1c73-5bfa-abcd-edd3ab9e1819", "stage": "complete", "title": "Slow Harbour", "duration_s": 91.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-1-clip-0.mp3", "image_url": "https://cdn2.suno.ai/image_task-1-clip-0.jpeg", "model": "v5"}, {"id": "75aced6b-3a14-5432-b300-6040d647f24f", "stage": "complete", "title": "Slow Harbour", "duration_s": 92.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-1-clip-1.mp3", "image_url": "https://cdn2.suno.ai/image_task-1-clip-1.jpeg", "model": "v5"}]',0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000003,NULL,'2026-11-19 13:14:30.000000',10485760,1,100000000000000001,3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000004,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','failed',5,NULL,NULL,NULL,'2026-11-19 13:00:41.000000','2026-11-19 13:00:41.000000','2026-11-19 13:01:11.000000','task-2','{"progress_at": "2026-11-19T13:00:41Z", "fingerprint": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0, "asked_at": null, "unanswered_s": 0.0, "unknown_s": null, "was_away": false}',NULL,0,'provider','timeout',100000000000000002,100000000000000001,1100000000000000004,NULL,'2026-11-19 13:15:11.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000005,100000000000000000,100000000000000007,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','undeliverable',6,NULL,NULL,NULL,'2026-11-19 13:01:21.000000','2026-11-19 13:01:21.000000','2026-11-19 13:01:52.000000','task-3','{"progress_at": "2026-11-19T13:01:21Z", "fingerprint": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0, "asked_at": null, "unanswered_s": 0.0, "unknown_s": null, "was_away": false}','[{"id": "b6c346a4-22e9-5cd6-b778-4e98d3860f99", "stage": "complete", "title": "Slow Harbour", "duration_s": 91.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-3-clip-0.mp3", "image_url": "https://cdn2.suno.ai/image_task-3-clip-0.jpeg", "model": "v5"}, {"id": "6035793d-feb1-58a1-980a-293db33ea6af", "stage": "complete", "title": "Slow Harbour", "duration_s": 92.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-3-clip-1.mp3", "image_url": "https://cdn2.suno.ai/image_task-3-clip-1.jpeg", "model": "v5"}]',0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000005,NULL,'2026-11-19 13:15:51.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000006,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','uncertain',3,NULL,NULL,NULL,'2026-11-19 13:02:02.000000',NULL,'2026-11-19 13:02:02.000000',NULL,NULL,NULL,0,'uncertain','ServerDisconnectedError',100000000000000002,100000000000000001,1100000000000000006,NULL,'2026-11-19 13:16:32.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000007,100000000000000000,100000000000000004,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','like somebody',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','failed',3,NULL,NULL,NULL,'2026-11-19 13:02:12.000000',NULL,'2026-11-19 13:02:12.000000',NULL,NULL,NULL,0,'moderated','code 451: we don''t reference specific artists on Suno',100000000000000002,100000000000000001,1100000000000000007,NULL,'2026-11-19 13:16:42.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000008,100000000000000000,100000000000000003,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','still being made',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','making',7,NULL,NULL,'2026-11-19 14:05:04.614883','2026-11-19 14:03:52.000000','2026-11-19 14:03:52.000000',NULL,'task-6','{"progress_at": "2026-11-19T14:04:22Z", "fingerprint": "running 0729d1db=complete 8ee02b46=streaming", "clips": [{"id": "0729d1db-7633-53e6-abbc-8b112dfba100", "stage": "complete", "title": "Slow Harbour", "duration_s": 91.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-6-clip-0.mp3", "image_url": "https://cdn2.suno.ai/image_task-6-clip-0.jpeg", "model": "v5"}], "first_clip_at": "2026-11-19T14:04:22Z", "settling_at": null, "empty_replies": 0, "asked_at": "2026-11-19T14:05:03Z", "unanswered_s": 0.0, "unknown_s": null, "was_away": false}',NULL,0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000008,'token-1000000000000000008','2026-11-19 14:18:22.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000009,100000000000000000,100000000000000004,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55',NULL,NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','making',7,NULL,NULL,'2026-11-19 14:05:08.021884','2026-11-19 14:03:52.000000','2026-11-19 14:03:52.000000',NULL,'task-7','{"progress_at": "2026-11-19T14:04:22Z", "fingerprint": "queued", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0, "asked_at": "2026-11-19T14:05:03Z", "unanswered_s": 0.0, "unknown_s": null, "was_away": false}',NULL,0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000009,'token-1000000000000000009','2026-11-19 14:18:22.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000010,100000000000000000,100000000000000007,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','half posted',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','ready',5,NULL,NULL,NULL,'2026-11-19 14:04:32.000000','2026-11-19 14:04:32.000000','2026-11-19 14:05:03.000000','task-8','{"progress_at": "2026-11-19T14:04:32Z", "fingerprint": "", "clips": [], "first_clip_at": null, "settling_at": null, "empty_replies": 0, "asked_at": null, "unanswered_s": 0.0, "unknown_s": null, "was_away": false}','[{"id": "dfea2e66-5ade-5dd9-b9d6-d57da34fd571", "stage": "complete", "title": "Slow Harbour", "duration_s": 91.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-8-clip-0.mp3", "image_url": "https://cdn2.suno.ai/image_task-8-clip-0.jpeg", "model": "v5"}, {"id": "9d5c6c4d-8aef-5f3a-bd6d-50e7bf1be5b4", "stage": "complete", "title": "Slow Harbour", "duration_s": 92.3, "tags": ["lo-fi", "warm"], "audio_url": "https://cdn1.suno.ai/task-8-clip-1.mp3", "image_url": "https://cdn2.suno.ai/image_task-8-clip-1.jpeg", "model": "v5"}]',0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000010,'token-1000000000000000010','2026-11-19 14:19:02.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000011,100000000000000000,100000000000000006,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','in line',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','waiting',3,NULL,NULL,NULL,'2026-11-19 14:05:13.000000',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000011,'token-1000000000000000011','2026-11-19 14:19:43.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "requests" VALUES(1000000000000000012,100000000000000000,100000000000000007,'119573ff-8e48-4c1d-9a1b-0123456789ab','v55','for a moderator',NULL,NULL,NULL,NULL,NULL,30,'{"allowance": 600, "period": "week", "max_active": 9, "cooldown_s": 0, "source": "everyone", "role_id": null}','awaiting',1,NULL,NULL,'2026-11-20 14:05:13.000000','2026-11-19 14:05:13.000000',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,100000000000000002,100000000000000001,1100000000000000012,'token-1000000000000000012','2026-11-19 14:19:43.000000',10485760,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
CREATE TABLE shards (
	shard_id INTEGER NOT NULL, 
	shard_count INTEGER NOT NULL, 
	process_id VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_shards PRIMARY KEY (shard_id), 
	CONSTRAINT ck_shards_shard_id CHECK (shard_id >= 0 AND shard_id < shard_count), 
	CONSTRAINT fk_shards_process_id FOREIGN KEY(process_id) REFERENCES processes (id) ON DELETE CASCADE
);
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
INSERT INTO "transfers" VALUES('allowance:member:eaebec35f79647048ad66759488538f2:2026-W47','single','mint','member:eaebec35f79647048ad66759488538f2:2026-W47',600,NULL,NULL,'allowance','2026-11-18 12:00:00.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000001','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000001,'song','2026-11-18 12:00:00.000000');
INSERT INTO "transfers" VALUES('void:1000000000000000001','void','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,'hold:1000000000000000001',1000000000000000001,'song','2026-11-19 13:00:00.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000002','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000002,'song','2026-11-19 13:00:00.000000');
INSERT INTO "transfers" VALUES('void:1000000000000000002','void','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,'hold:1000000000000000002',1000000000000000002,'song','2026-11-19 13:00:00.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000003','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000003,'song','2026-11-19 13:00:00.000000');
INSERT INTO "transfers" VALUES('post:1000000000000000003','post','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,'hold:1000000000000000003',1000000000000000003,'song','2026-11-19 13:00:31.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000004','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000004,'song','2026-11-19 13:00:41.000000');
INSERT INTO "transfers" VALUES('void:1000000000000000004','void','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,'hold:1000000000000000004',1000000000000000004,'song','2026-11-19 13:01:11.000000');
INSERT INTO "transfers" VALUES('allowance:member:aa6e75433f544141b18f4545b8a85890:2026-W47','single','mint','member:aa6e75433f544141b18f4545b8a85890:2026-W47',600,NULL,NULL,'allowance','2026-11-19 13:01:21.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000005','pending','member:aa6e75433f544141b18f4545b8a85890:2026-W47','songs',30,NULL,1000000000000000005,'song','2026-11-19 13:01:21.000000');
INSERT INTO "transfers" VALUES('post:1000000000000000005','post','member:aa6e75433f544141b18f4545b8a85890:2026-W47','songs',30,'hold:1000000000000000005',1000000000000000005,'song','2026-11-19 13:01:52.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000006','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000006,'song','2026-11-19 13:02:02.000000');
INSERT INTO "transfers" VALUES('void:1000000000000000006','void','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,'hold:1000000000000000006',1000000000000000006,'song','2026-11-19 13:02:02.000000');
INSERT INTO "transfers" VALUES('allowance:member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47','single','mint','member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47',600,NULL,NULL,'allowance','2026-11-19 13:02:12.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000007','pending','member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47','songs',30,NULL,1000000000000000007,'song','2026-11-19 13:02:12.000000');
INSERT INTO "transfers" VALUES('void:1000000000000000007','void','member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47','songs',30,'hold:1000000000000000007',1000000000000000007,'song','2026-11-19 13:02:12.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000008','pending','member:eaebec35f79647048ad66759488538f2:2026-W47','songs',30,NULL,1000000000000000008,'song','2026-11-19 14:03:52.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000009','pending','member:b3b6d406b5f14ad1ba247b83f9156f91:2026-W47','songs',30,NULL,1000000000000000009,'song','2026-11-19 14:03:52.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000010','pending','member:aa6e75433f544141b18f4545b8a85890:2026-W47','songs',30,NULL,1000000000000000010,'song','2026-11-19 14:04:32.000000');
INSERT INTO "transfers" VALUES('post:1000000000000000010','post','member:aa6e75433f544141b18f4545b8a85890:2026-W47','songs',30,'hold:1000000000000000010',1000000000000000010,'song','2026-11-19 14:05:03.000000');
INSERT INTO "transfers" VALUES('allowance:member:da998f20484a4ec8bc2336ff6de85527:2026-W47','single','mint','member:da998f20484a4ec8bc2336ff6de85527:2026-W47',600,NULL,NULL,'allowance','2026-11-19 14:05:13.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000011','pending','member:da998f20484a4ec8bc2336ff6de85527:2026-W47','songs',30,NULL,1000000000000000011,'song','2026-11-19 14:05:13.000000');
INSERT INTO "transfers" VALUES('hold:1000000000000000012','pending','member:aa6e75433f544141b18f4545b8a85890:2026-W47','songs',30,NULL,1000000000000000012,'song','2026-11-19 14:05:13.000000');
INSERT INTO "transfers" VALUES('grant:1000000000000000013','single','mint','bonus:eaebec35f79647048ad66759488538f2',60,NULL,NULL,'grant','2026-11-19 14:05:13.000000');
CREATE INDEX ix_requests_state_placed_at ON requests (state, placed_at);
CREATE INDEX ix_requests_next_at ON requests (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_requests_lease_until ON requests (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX ix_requests_token_until ON requests (token_until) WHERE token IS NOT NULL;
CREATE INDEX ix_transfers_request_id ON transfers (request_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END;
CREATE INDEX ix_shards_process_id ON shards (process_id);
CREATE INDEX ix_guild_settings_paused ON guild_settings (paused) WHERE paused;
CREATE INDEX ix_members_backoff_until ON members (backoff_until) WHERE backoff_until IS NOT NULL;
CREATE INDEX ix_members_erase_at ON members (erase_at) WHERE erase_at IS NOT NULL;
CREATE INDEX ix_loves_user_id ON loves (user_id);
CREATE INDEX ix_requests_ended_at ON requests (ended_at) WHERE prompt IS NOT NULL OR lyrics IS NOT NULL;
CREATE INDEX ix_requests_guild_id_user_id_id ON requests (guild_id, user_id, id);
CREATE INDEX ix_requests_state_guild_id_user_id ON requests (state, guild_id, user_id) WHERE state IN ('awaiting', 'waiting', 'submitting', 'making');
CREATE INDEX ix_requests_guild_id_ended_at_user_id_cost ON requests (guild_id, ended_at, user_id, cost) WHERE state IN ('ready', 'delivered', 'undeliverable');
CREATE INDEX ix_requests_guild_id_id ON requests (guild_id, id) WHERE state IN ('delivered', 'undeliverable') AND removed_at IS NULL;
CREATE INDEX ix_requests_guild_id_loves_id ON requests (guild_id, loves, id) WHERE state IN ('delivered', 'undeliverable') AND removed_at IS NULL AND loves > 0;
CREATE INDEX ix_requests_guild_id_id_loves ON requests (guild_id, id, loves) WHERE state IN ('delivered', 'undeliverable') AND removed_at IS NULL AND loves <> 0;
CREATE INDEX ix_accounts_guild_id_user_id_window_starts_at ON accounts (guild_id, user_id, window_starts_at);
CREATE INDEX ix_transfers_debit_at ON transfers (debit, at);
CREATE INDEX ix_transfers_credit_at ON transfers (credit, at);
CREATE INDEX ix_audit_log_guild_id_id ON audit_log (guild_id, id);
CREATE INDEX ix_audit_log_subject_id_guild_id_id ON audit_log (subject_id, guild_id, id);
CREATE INDEX ix_audit_log_actor_id ON audit_log (actor_id);
CREATE INDEX ix_audit_log_unread ON audit_log (guild_id, subject_id) WHERE is_unread;
CREATE INDEX ix_outbox_due_at ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_outbox_lease_until ON outbox (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX ix_outbox_is_urgent_due_at ON outbox (is_urgent, due_at) WHERE due_at IS NOT NULL;
COMMIT;

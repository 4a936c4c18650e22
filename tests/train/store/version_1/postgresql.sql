CREATE TABLE runs (
    id TEXT NOT NULL,
    saved DOUBLE PRECISION NOT NULL,
    parameters TEXT NOT NULL,
    graph TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE trace_store (
    version INTEGER NOT NULL
);
CREATE TABLE trainings (
    id TEXT NOT NULL,
    settings TEXT NOT NULL,
    seed TEXT,
    state TEXT NOT NULL,
    best TEXT,
    best_score DOUBLE PRECISION,
    started DOUBLE PRECISION NOT NULL,
    updated DOUBLE PRECISION NOT NULL,
    ended DOUBLE PRECISION,
    step_count INTEGER DEFAULT '0' NOT NULL,
    evaluation_count INTEGER DEFAULT '0' NOT NULL,
    repeated INTEGER DEFAULT '0' NOT NULL,
    calls INTEGER DEFAULT '0' NOT NULL,
    prompt_tokens INTEGER DEFAULT '0' NOT NULL,
    completion_tokens INTEGER DEFAULT '0' NOT NULL,
    cached_tokens INTEGER DEFAULT '0' NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE candidates (
    number SERIAL NOT NULL,
    training TEXT NOT NULL,
    id TEXT NOT NULL,
    values TEXT NOT NULL,
    parents TEXT NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (training, id),
    FOREIGN KEY(training) REFERENCES trainings (id) ON DELETE CASCADE
);
CREATE TABLE decisions (
    number SERIAL NOT NULL,
    training TEXT NOT NULL,
    step INTEGER NOT NULL,
    candidate TEXT NOT NULL,
    accepted BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    validation TEXT,
    PRIMARY KEY (number),
    UNIQUE (training, step, candidate),
    FOREIGN KEY(training) REFERENCES trainings (id) ON DELETE CASCADE
);
CREATE TABLE evaluations (
    number SERIAL NOT NULL,
    training TEXT NOT NULL,
    candidate TEXT NOT NULL,
    example TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    kept DOUBLE PRECISION,
    score DOUBLE PRECISION,
    scores TEXT,
    feedback TEXT,
    output TEXT,
    error TEXT,
    usage TEXT,
    guide_usage TEXT,
    seconds DOUBLE PRECISION,
    trace TEXT,
    PRIMARY KEY (number),
    UNIQUE (training, candidate, example, repeat),
    FOREIGN KEY(training) REFERENCES trainings (id) ON DELETE CASCADE
);
CREATE TABLE feedback (
    number SERIAL NOT NULL,
    run TEXT NOT NULL,
    text TEXT,
    score TEXT,
    given DOUBLE PRECISION NOT NULL,
    used DOUBLE PRECISION,
    PRIMARY KEY (number),
    FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE TABLE proposals (
    number SERIAL NOT NULL,
    training TEXT NOT NULL,
    step INTEGER NOT NULL,
    kept DOUBLE PRECISION NOT NULL,
    values TEXT NOT NULL,
    problem TEXT NOT NULL,
    answer TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    refusals TEXT NOT NULL,
    usage TEXT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (training, step),
    FOREIGN KEY(training) REFERENCES trainings (id) ON DELETE CASCADE
);
CREATE INDEX ix_runs_saved ON runs (saved);
CREATE INDEX ix_trainings_started ON trainings (started);
CREATE INDEX candidates_in_order ON candidates (training, number);
CREATE INDEX decisions_in_order ON decisions (training, number);
CREATE INDEX evaluations_in_order ON evaluations (training, number);
CREATE INDEX ix_feedback_run ON feedback (run);
CREATE INDEX unused_feedback ON feedback (number) WHERE used IS NULL;
CREATE INDEX proposals_in_order ON proposals (training, number);

-- What a run waits for, while its model cannot answer: why, when it is asked again, and until when.
ALTER TABLE summaries ADD COLUMN model_wait text
    CHECK (json_valid(model_wait))
    CONSTRAINT summaries_model_wait CHECK (state = 'running' OR model_wait IS NULL);

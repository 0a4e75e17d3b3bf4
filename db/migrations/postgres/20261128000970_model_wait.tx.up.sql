-- What a run waits for, while its model cannot answer: why, when it is asked again, and until when.
ALTER TABLE summaries ADD COLUMN model_wait json;

ALTER TABLE summaries ADD CONSTRAINT summaries_model_wait CHECK (state = 'running' OR model_wait IS NULL);

-- +goose Up
COMMENT ON COLUMN received.actor IS 'who asked: subject at the identity provider of the organisation; empty once the copy is over and was deleted';
COMMENT ON COLUMN received.sealed IS 'the signed reply, under the data key of the patient at the receiving organisation; once it is over, what opens the receipt in the log';

-- +goose Down
COMMENT ON COLUMN received.actor IS 'who asked: subject at the identity provider of the organisation';
COMMENT ON COLUMN received.sealed IS 'the signed reply, under the data key of the patient at the receiving organisation';

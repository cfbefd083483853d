-- Sessions' memories no longer need a clean-up that somebody else remembers.
DROP TABLE session_clean_ups;

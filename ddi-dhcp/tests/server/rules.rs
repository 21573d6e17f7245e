//! One test for each row of the rules table: the situation is made, the message sent, the answer seen.

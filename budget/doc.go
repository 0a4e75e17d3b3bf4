// Package budget owns what a stranger may cost: how many bytes, levels, values and letters of a
// name we read of what somebody else wrote, how many broken rules we tell, how much work one
// value may be, how many bytes may lie in memory that nobody has vouched for yet, and how often
// somebody may ask.
//
// A limit is asked before anything is built out of what it limits. Limits that are rules of the
// domain, such as how long a message may be, are in package chat.
package budget

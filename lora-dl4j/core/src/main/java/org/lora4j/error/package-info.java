/**
 * What can go wrong, as types, and the wording that all of them share.
 *
 * <p>{@link java.lang.IllegalArgumentException} is for arguments, with the subclass
 * {@link org.lora4j.error.NoMatchingModuleException}; {@link java.lang.IllegalStateException} is for the order of calls;
 * {@link org.lora4j.error.AdapterFormatException} and its subclasses are for files. Every message says where, what was
 * found, what was expected and what to do, and gathers all the problems of one input
 * ({@link org.lora4j.error.Problems}); names and values from outside are cut and stand on one line
 * ({@link org.lora4j.error.MessageText}); near misses of names are offered by {@link org.lora4j.error.ClosestNames}.
 *
 * <p>This package uses nothing but the JDK. A new kind of trouble becomes a class here only if a caller would want to
 * catch it separately.
 */
package org.lora4j.error;

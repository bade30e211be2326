/**
 * Rows of examples in files of users: CSV by an optional library, which one class touches, and JSON lines. No ND4J.
 */
package org.lora4j.internal.format.table;

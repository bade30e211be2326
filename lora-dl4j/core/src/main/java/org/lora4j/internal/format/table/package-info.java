/**
 * Rows of examples in files of users: CSV and JSON lines. No ND4J.
 */
package org.lora4j.internal.format.table;

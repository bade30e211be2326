/**
 * What tells one base from another: hashes of its parameters. Uses {@code adapter}, {@code error},
 * {@code internal.array} and {@code internal.format.file}.
 */
package org.lora4j.internal.adapter;

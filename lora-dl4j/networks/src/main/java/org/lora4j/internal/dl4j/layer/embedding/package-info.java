/**
 * Running lookups.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.embedding;

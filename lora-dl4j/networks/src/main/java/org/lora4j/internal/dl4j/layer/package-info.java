/**
 * What the layers of all families share: the layer table, parameters of adapted layers, the low-rank arithmetic, what a
 * running layer keeps and answers.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer;

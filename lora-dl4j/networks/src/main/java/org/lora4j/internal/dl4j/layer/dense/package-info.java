/**
 * Running dense and output layers.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.dense;

/**
 * Running attention, in layers and in a vertex, computed by hand.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.attention;

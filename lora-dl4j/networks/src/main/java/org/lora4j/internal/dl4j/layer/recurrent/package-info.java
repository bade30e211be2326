/**
 * Running recurrent layers, which walk through time by themselves and do for all steps at once what can be.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.recurrent;

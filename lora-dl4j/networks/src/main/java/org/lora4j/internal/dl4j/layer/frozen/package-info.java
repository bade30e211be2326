/**
 * Running layers and vertices of kinds without adapters, frozen whole.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.frozen;

/**
 * Running convolutions and locally connected layers: patches, products, activations of images.
 *
 * @apiNote Status: internal
 */
package org.lora4j.internal.dl4j.layer.convolution;

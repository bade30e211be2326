/**
 * How exports are made: where an ONNX graph has the weights of a module, nodes that are added behind its outputs, the files of
 * directories of Hugging Face, and directories that are there whole or not at all.
 */
package org.lora4j.internal.export;

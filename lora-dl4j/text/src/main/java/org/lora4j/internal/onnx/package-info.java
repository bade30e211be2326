/**
 * Files of ONNX: the protobuf as it is read, its tensors as arrays and back, and the files beside it in which tensors of large
 * models are.
 */
package org.lora4j.internal.onnx;

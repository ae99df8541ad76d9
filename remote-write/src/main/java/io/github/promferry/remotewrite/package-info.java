/**
 * The Remote Write client. {@link io.github.promferry.remotewrite.RemoteWriter} is a {@link
 * io.github.promferry.SampleSink}: it encodes what it is handed at once, keeps finished requests in a bounded queue and
 * sends them, in order per series, until the receiver has them. {@link
 * io.github.promferry.remotewrite.RemoteWriteConfig} holds its settings.
 */
package io.github.promferry.remotewrite;
